#include "agent/nixos/switch.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <sstream>
#include <string_view>
#include <utility>

#include "agent/nixos/switch_lock.h"
#include "lib/os/durable_file.h"
#include "lib/os/output_tail.h"

namespace matic::nixos {
namespace {

namespace fs = std::filesystem;

constexpr size_t kQuotedLines = 13;
constexpr size_t kQuotedBytes = 1500;

// Its exit codes.
constexpr int kActivationFailed = 2;
constexpr int kUnitsFailed = 4;
constexpr int kNeedsReboot = 100;

const char* NameOf(SwitchAction action) {
  switch (action) {
    case SwitchAction::kCheck:
      return "check";
    case SwitchAction::kDryActivate:
      return "dry-activate";
    case SwitchAction::kBoot:
      return "boot";
  }
  return "";
}

// "Usage: PATH [switch|boot|test|dry-activate]": all that an older one has to say to a `check`.
// Programs that it runs have usages of their own.
bool DoesNotKnow(const std::string& action, const SwitchEnd& end) {
  if (end.exit_code != 1) return false;
  std::istringstream lines(end.output);
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("Usage: ") && line.find("switch|boot|test") != std::string::npos) {
      return line.find(action + "|") == std::string::npos &&
             line.find("|" + action) == std::string::npos;
    }
  }
  return false;
}

Result<SwitchOutcome> JudgeUnits(SwitchEnd end, const std::string& name, const UnitNames& before,
                                 const UnitNames& after, const std::string& quoted) {
  UnitNames failed = FailedUnitsIn(end.output);
  if (failed.empty()) failed = after;
  UnitNames fresh;
  std::ranges::set_difference(failed, before, std::inserter(fresh, fresh.end()));
  if (!fresh.empty()) {
    return Fail(ErrorCode::kIo, name + ": units failed that had not before: " + Join(fresh) +
                                    "; it " + DescribeExit(kUnitsFailed) + quoted);
  }
  SwitchOutcome outcome{.output = std::move(end.output)};
  outcome.warnings.push_back(failed.empty()
                                 ? name + " " + DescribeExit(kUnitsFailed) +
                                       ", but no unit of the system has failed" + quoted
                                 : "units that had failed before failed again: " + Join(failed));
  return outcome;
}

Result<> SyncBootFolder(const fs::path& folder) {
  std::error_code ignored;
  if (!fs::exists(folder, ignored)) return {};  // systems without a boot loader have none
  return SyncFileSystem(folder);
}

}  // namespace

std::vector<std::string> SwitchEnvironment() {
  const char* const locales = std::getenv("LOCALE_ARCHIVE");
  if (locales == nullptr) return {};
  return {std::string("LOCALE_ARCHIVE=") + locales};
}

Result<SwitchOutcome> Judge(SwitchEnd end, const UnitNames& before, const UnitNames& after) {
  const std::string name =
      end.system.filename().string() + ": switch-to-configuration " + end.action;
  const std::string quoted = Quoted(OutputTail(end.output, kQuotedLines, kQuotedBytes));
  // Where it gives up early it exits with the errno of what it met, which can be any of these.
  const bool activates = end.action == "test";
  switch (end.exit_code) {
    case 0:
      return SwitchOutcome{.output = std::move(end.output)};
    case kNeedsReboot:
      return SwitchOutcome{
          .effect = SwitchEffect::kAtNextBoot,
          .warnings = {name + ": its init does not fit the one that runs: it takes effect at a "
                              "reboot only"},
          .output = std::move(end.output)};
    case kUnitsFailed:
      if (!activates) break;
      return JudgeUnits(std::move(end), name, before, after, quoted);
    case kActivationFailed:
      if (!activates) break;
      return Fail(ErrorCode::kIo, name + ": the system's activation script failed; it " +
                                      DescribeExit(kActivationFailed) + quoted);
    default:
      break;
  }
  if (end.output.find("Could not acquire lock") != std::string::npos) {
    return Fail(ErrorCode::kRefused, name + ": another switch-to-configuration is running");
  }
  return Fail(ErrorCode::kIo, name + " " + DescribeExit(end.exit_code) + quoted);
}

Result<SwitchOutcome> RunSwitch(const Programs& programs, const HostPaths& paths,
                                const SwitchRequest& request, std::stop_token stop) {
  const fs::path program = request.system / "bin/switch-to-configuration";
  if (::access(program.c_str(), X_OK) != 0) {
    return Fail(
        OsError(program.string(), errno)
            .Context("system " + request.system.filename().string() + " cannot be switched to"));
  }
  // It would not say who holds it.
  MATIC_TRY(CheckSwitchLock(paths.switch_lock));
  SwitchEnd end{.system = request.system, .action = NameOf(request.action)};
  MATIC_ASSIGN(ProcessOutcome outcome, programs.RunToEnd({.argv = {program.string(), end.action},
                                                          .deadline = request.deadline,
                                                          .environment = SwitchEnvironment()},
                                                         std::move(stop)));
  end.exit_code = outcome.exit_code;
  end.output = std::move(outcome.output);
  if (DoesNotKnow(end.action, end)) {
    return SwitchOutcome{.effect = SwitchEffect::kNotKnown, .output = std::move(end.output)};
  }
  MATIC_ASSIGN(SwitchOutcome switched, Judge(std::move(end), {}, {}));
  if (request.action == SwitchAction::kBoot) MATIC_TRY(SyncBootFolder(paths.boot));
  return switched;
}

}  // namespace matic::nixos
