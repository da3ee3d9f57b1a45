#include "agent/hooks/runner.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <system_error>
#include <utility>

#include "agent/hooks/environment.h"
#include "lib/os/durable_file.h"
#include "lib/os/executable_folder.h"
#include "lib/os/output_tail.h"

namespace matic::hooks {

struct Runner::Task {
  std::string name;
  bool required = true;
  // One of these three.
  std::string unit = {};
  std::vector<std::string> argv = {};
  std::filesystem::path program = {};
  std::filesystem::path link = {};  // of a unit from a folder
};

namespace {

namespace fs = std::filesystem;

constexpr std::string_view kMayFail = ".wanted";
constexpr std::string_view kUnit = ".service";
constexpr std::chrono::seconds kSystemctlLimit{10};
constexpr size_t kKeptOutput = 4096;

std::string Join(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : " ") + word;
  return text;
}

// NAME.service stands for the unit: a link for the one it points to, so that its name may begin
// with a number, any other file for the one of that name.
std::optional<std::string> UnitOf(const fs::path& path, std::string_view name) {
  if (!name.ends_with(kUnit)) return std::nullopt;
  std::error_code no_link;
  const fs::path target = fs::read_symlink(path, no_link);
  if (!no_link && target.filename().native().ends_with(kUnit)) return target.filename().string();
  return std::string(name);
}

std::string_view WithoutEnding(std::string_view name, std::string_view ending) {
  return name.ends_with(ending) ? name.substr(0, name.size() - ending.size()) : name;
}

// A link to a unit may lead nowhere: systemd finds the unit by its name.
Result<> CheckLink(const fs::path& link) {
  std::error_code error;
  if (!fs::exists(fs::symlink_status(link, error))) {
    return Fail(ErrorCode::kNotFound, "there is no " + link.string());
  }
  return CheckPlace(link);
}

bool IsPlainName(const std::string& name) {
  return !name.empty() && name.size() <= 255 && name.find('/') == std::string::npos &&
         !name.starts_with('.');
}

void LogOutput(const std::string& hook, std::string_view output) {
  while (!output.empty()) {
    const size_t end = std::min(output.find('\n'), output.size());
    if (end > 0) spdlog::info("{}: {}", hook, output.substr(0, end));
    output.remove_prefix(std::min(end + 1, output.size()));
  }
}

void TakeOutcome(const Result<ProcessOutcome>& outcome, std::chrono::seconds deadline,
                 HookResult& result) {
  if (!outcome) {
    result.problem = outcome.error().message;
    return;
  }
  const std::string clean = CleanText(outcome->output, LineEnds::kKept);
  result.output = CleanEnd(clean, kKeptOutput);
  const std::string said = Quoted(OutputTail(outcome->output));
  switch (outcome->end) {
    case ProcessEnd::kDeadline:
      result.problem =
          "still ran after " + std::to_string(deadline.count()) + " s and was killed" + said;
      return;
    case ProcessEnd::kStopped:
      result.problem = "was stopped" + said;
      return;
    case ProcessEnd::kItself:
      break;
  }
  result.exit_code = outcome->exit_code;
  result.passed = outcome->exit_code == 0;
  if (!result.passed) result.problem = DescribeExit(outcome->exit_code) + said;
}

}  // namespace

std::string_view StageName(Stage stage) {
  switch (stage) {
    case Stage::kPre:
      return "pre";
    case Stage::kPost:
      return "post";
    case Stage::kRollback:
      return "rollback";
  }
  return "pre";
}

Runner::Runner(config::Hooks hooks, ProcessRunner& processes, Clock& clock,
               fs::path environment_file)
    : hooks_(std::move(hooks)),
      processes_(processes),
      clock_(clock),
      environment_file_(std::move(environment_file)) {}

Report Runner::Run(Stage stage, const Context& context, std::stop_token stop) {
  Report report;
  const std::string what = std::string(StageName(stage)) + " hook ";
  const auto failed = [&](const std::string& why) {
    if (!report.failed) report.failed = why;
  };
  const Result<std::vector<Task>> tasks = FindTasks(stage, context);
  if (!tasks) {
    failed("hooks: " + tasks.error().message);
    return report;
  }
  const std::vector<std::string> environment = MakeEnvironment(stage, context);
  for (const Task& task : *tasks) {
    if (stop.stop_requested()) {
      failed(what + task.name + " was not run: stopped");
      break;
    }
    const HookResult& result = report.hooks.emplace_back(RunTask(task, environment, stop));
    if (result.passed || !result.required) continue;
    failed(what + result.name + " " + result.problem);
    if (stage == Stage::kPre) break;
  }
  return report;
}

Result<std::vector<Runner::Task>> Runner::FindTasks(Stage stage, const Context& context) const {
  std::vector<Task> tasks;
  const auto add = [&](const std::string& folder, const FolderEntry& entry) {
    const std::string_view bare = WithoutEnding(entry.name, kMayFail);
    Task& task = tasks.emplace_back();
    task.name = folder + "/" + entry.name;
    task.required = bare.size() == entry.name.size();
    if (const auto unit = UnitOf(entry.path, bare)) {
      task.unit = *unit;
      task.link = entry.path;
    } else {
      task.program = entry.path;
    }
  };
  const std::string folder = std::string(StageName(stage)) + ".d";
  const auto hooks = hooks_.Get();
  MATIC_ASSIGN(const std::vector<FolderEntry> found, ListExecutables(hooks->dir / folder));
  for (const FolderEntry& entry : found) add(folder, entry);

  const std::vector<config::Hook>& configured = stage == Stage::kPre    ? hooks->pre
                                                : stage == Stage::kPost ? hooks->post
                                                                        : hooks->rollback;
  for (const config::Hook& hook : configured) {
    Task& task = tasks.emplace_back();
    task.name = hook.unit.empty() ? "command " + Join(hook.command) : "unit " + hook.unit;
    task.required = hook.required;
    task.unit = hook.unit;
    task.argv = hook.command;
  }

  for (const std::string& wanted : context.named) {
    MATIC_ASSIGN(const fs::path path, NamedPath(wanted));
    add("named.d", {path.filename().string(), path});
  }
  return tasks;
}

Result<fs::path> Runner::NamedPath(const std::string& wanted) const {
  const fs::path folder = hooks_->dir / "named.d";
  const std::string prefix = folder.string() + "/";
  const std::string name = wanted.starts_with(prefix) ? wanted.substr(prefix.size()) : wanted;
  if (IsPlainName(name)) return folder / name;
  return Fail(ErrorCode::kInvalidArgument,
              "hook " + wanted + ": a schedule's hooks are files in " + folder.string());
}

Result<> Runner::CheckNamed(const std::vector<std::string>& names) const {
  for (const std::string& wanted : names) {
    MATIC_ASSIGN(const fs::path path, NamedPath(wanted));
    const std::string file = path.filename().string();
    const std::string_view bare = WithoutEnding(file, kMayFail);
    const Result<> good = UnitOf(path, bare) ? CheckLink(path) : CheckExecutable(path);
    if (!good) return Fail(good.error().Context("hook " + wanted));
  }
  return {};
}

HookResult Runner::RunTask(const Task& task, const std::vector<std::string>& environment,
                           const std::stop_token& stop) {
  HookResult result{.name = task.name, .required = task.required};
  const BootTime began = clock_.SinceBoot();
  if (task.unit.empty()) {
    RunProgram(task, environment, stop, result);
  } else {
    RunUnit(task, environment, stop, result);
  }
  result.duration =
      std::chrono::duration_cast<std::chrono::milliseconds>(clock_.SinceBoot() - began);
  LogOutput(result.name, result.output);
  if (result.passed) {
    spdlog::info("hook {} passed in {} ms", result.name, result.duration.count());
  } else if (result.required) {
    spdlog::error("hook {} {}", result.name, result.problem);
  } else {
    spdlog::warn("hook {} {}; it may fail", result.name, result.problem);
  }
  return result;
}

void Runner::RunProgram(const Task& task, const std::vector<std::string>& environment,
                        const std::stop_token& stop, HookResult& result) {
  if (!task.program.empty()) {
    if (const Result<> good = CheckExecutable(task.program); !good) {
      result.problem = "is not run: " + good.error().message;
      return;
    }
  }
  const Command command{
      .argv = task.argv.empty() ? std::vector{task.program.string()} : task.argv,
      .environment = environment,
      .stop = stop,
      .own_environment = OwnEnvironment::kLeftOut,
      .folder = "/",
  };
  TakeOutcome(processes_.RunToEnd(command, hooks_->deadline), hooks_->deadline, result);
}

// `systemctl start` waits for a unit of Type=oneshot to end, and for another one to be up.
void Runner::RunUnit(const Task& task, const std::vector<std::string>& environment,
                     const std::stop_token& stop, HookResult& result) {
  if (!task.link.empty()) {
    if (const Result<> safe = CheckLink(task.link); !safe) {
      result.problem = "is not started: " + safe.error().message;
      return;
    }
  }
  if (const Result<> written =
          WriteFileDurably(environment_file_, EnvironmentFileText(environment));
      !written) {
    result.problem = "is not started: " + written.error().message;
    return;
  }
  TakeOutcome(processes_.RunToEnd({.argv = {"systemctl", "start", "--", task.unit}, .stop = stop},
                                  hooks_->deadline),
              hooks_->deadline, result);
  // What the unit printed is in the journal already; its end says more than systemctl does.
  if (result.passed) return;
  if (!result.exit_code) {
    static_cast<void>(
        processes_.Run({"systemctl", "stop", "--no-block", "--", task.unit}, kSystemctlLimit));
  }
  const std::string journal = JournalOf(task.unit);
  const std::string clean = CleanText(journal, LineEnds::kKept);
  result.output = CleanEnd(clean, kKeptOutput);
  if (const std::string said = Quoted(OutputTail(journal)); !said.empty()) {
    result.problem += "; its journal" + said;
  }
}

// What the unit itself printed in its last run; where that is nothing, what systemd says of it,
// which would else crowd out the unit's own words.
std::string Runner::JournalOf(const std::string& unit) {
  const auto ask = [&](std::vector<std::string> argv) -> std::string {
    const auto answer = processes_.Run(std::move(argv), kSystemctlLimit);
    return answer && answer->exit_code == 0 ? answer->output : "";
  };
  const auto last_lines = [&](const std::string& which) {
    return ask(
        {"journalctl", "--boot", "--quiet", "--no-pager", "--lines=5", "--output=cat", which});
  };
  ask({"journalctl", "--sync"});
  std::string run = ask({"systemctl", "show", "--property=InvocationID", "--value", "--", unit});
  while (run.ends_with('\n')) run.pop_back();
  if (!run.empty()) {
    if (std::string own = last_lines("_SYSTEMD_INVOCATION_ID=" + run); !own.empty()) return own;
  }
  return last_lines("--unit=" + unit);
}

}  // namespace matic::hooks
