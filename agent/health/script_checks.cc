#include "agent/health/script_checks.h"

#include <map>
#include <system_error>

#include "lib/os/clean_environment.h"
#include "lib/os/executable_folder.h"
#include "lib/os/output_tail.h"

namespace matic::health {
namespace {

namespace fs = std::filesystem;

// The time of the round is what ends a script that has none of its own.
constexpr std::chrono::seconds kLimit = std::chrono::hours(24);
constexpr size_t kKeptOutput = 16 * 1024;

class UnreadableFolder final : public ConfiguredCheck {
 public:
  UnreadableFolder(std::string name, config::CheckSettings settings, std::string problem)
      : ConfiguredCheck(std::move(name), std::move(settings)), problem_(std::move(problem)) {}

  Finding Run(std::stop_token) override { return {false, problem_}; }

 private:
  std::string problem_;
};

bool IsMasked(const fs::path& path) {
  std::error_code no_link;
  return fs::read_symlink(path, no_link) == "/dev/null";
}

void FindIn(const config::ScriptChecks& scripts, const std::string& kind, ProcessRunner& processes,
            std::vector<std::unique_ptr<Check>>& checks) {
  config::CheckSettings settings = scripts.settings;
  settings.critical = kind == "required.d";
  std::map<std::string, fs::path> programs;
  for (const fs::path& folder : scripts.dirs) {
    const auto entries = ListExecutables(folder / kind);
    if (!entries) {
      checks.push_back(std::make_unique<UnreadableFolder>((folder / kind).string(), settings,
                                                          entries.error().message));
      continue;
    }
    for (const FolderEntry& entry : *entries) programs.emplace(entry.name, entry.path);
  }
  for (const auto& [name, path] : programs) {
    if (IsMasked(path)) continue;
    checks.push_back(std::make_unique<ScriptCheck>(kind + "/" + name, settings, path, processes));
  }
}

}  // namespace

ScriptCheck::ScriptCheck(std::string name, config::CheckSettings settings, fs::path program,
                         ProcessRunner& processes)
    : ConfiguredCheck(CleanText(name), std::move(settings)),
      program_(std::move(program)),
      processes_(processes) {}

Finding ScriptCheck::Run(std::stop_token stop) {
  if (const Result<> good = CheckExecutable(program_); !good) {
    return {false, "is not run: " + good.error().message};
  }
  const std::chrono::milliseconds limit = LimitOr(kLimit);
  const auto outcome = processes_.RunToEnd({.argv = {program_.string()},
                                            .environment = CleanEnvironment(),
                                            .stop = std::move(stop),
                                            .own_environment = OwnEnvironment::kLeftOut,
                                            .folder = "/",
                                            .kept_output = kKeptOutput},
                                           limit);
  if (!outcome) return {false, outcome.error().message};
  const std::string tail = OutputTail(outcome->output);
  switch (outcome->end) {
    case ProcessEnd::kStopped:
      return {false, "had not ended" + Quoted(tail)};
    case ProcessEnd::kDeadline:
      return {false, "still ran after " + std::to_string(limit.count() / 1000) +
                         " s and was killed" + Quoted(tail)};
    case ProcessEnd::kItself:
      break;
  }
  const std::string end = DescribeExit(outcome->exit_code);
  if (outcome->exit_code != 0) return {false, end + Quoted(tail)};
  return {true, tail.empty() ? end : tail};
}

CheckFinder ScriptFinder(config::ScriptChecks scripts, ProcessRunner& processes) {
  return [scripts = std::move(scripts), &processes] {
    std::vector<std::unique_ptr<Check>> checks;
    if (!scripts.settings.enabled) return checks;
    FindIn(scripts, "required.d", processes, checks);
    FindIn(scripts, "wanted.d", processes, checks);
    return checks;
  };
}

}  // namespace matic::health
