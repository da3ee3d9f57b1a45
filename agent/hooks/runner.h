// Programs and systemd units that people have run around an update.
#pragma once

#include <chrono>
#include <filesystem>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/config/hooks.h"
#include "lib/base/replaceable.h"
#include "lib/os/clock.h"
#include "lib/os/process_runner.h"

namespace matic::hooks {

enum class Stage { kPre, kPost, kRollback };

// "pre", "post", "rollback": MATIC_HOOK, and the folder without its ".d".
std::string_view StageName(Stage stage);

// What hooks are told, as MATIC_… variables (docs/hooks-and-health-checks.md). What is empty
// is not set.
struct Context {
  std::string schedule_id = {};
  std::string source = {};    // without credentials
  std::string target = {};    // slot or generation that the update goes to
  std::string version = {};   // of the new system, once known
  std::string digest = {};    // of its image, once known
  std::string previous = {};  // the slot or generation that is the way back
  std::string previous_version = {};
  std::string reason = {};  // of a rollback
  // What the schedule wants run in this stage: files in named.d, by name or by their whole path.
  std::vector<std::string> named = {};
};

struct HookResult {
  std::string name;  // "pre.d/10-backup", "unit backup.service", "command /usr/bin/x"
  bool required = true;
  bool passed = false;
  std::optional<int> exit_code = std::nullopt;  // of one that ended by itself
  std::chrono::milliseconds duration{0};
  std::string output = {};   // the last 4 KiB of it: valid UTF-8, several lines
  std::string problem = {};  // in one line, of one that failed: `exited with 3: "no space left"`
};

struct Report {
  std::vector<HookResult> hooks = {};  // those that were run, in order
  // The first required hook that failed, and how. Before an update that one was the last to be run;
  // after it, and when going back, the others were run all the same.
  std::optional<std::string> failed = std::nullopt;
};

// Hooks are run one after the other: what the stage's folder holds in the order of its names, then
// the configured ones, then those of the schedule. Each has the configured deadline, at which it is
// killed with its process group, an environment of its own, and its output in the log. A program
// that others than root can change is not run, and counts as failed. Nothing is kept across runs;
// the folders are read anew at each.
class Runner {
 public:
  // `environment_file` is written before units are started, for their EnvironmentFile=.
  Runner(config::Hooks hooks, ProcessRunner& processes, Clock& clock,
         std::filesystem::path environment_file = "/run/matic/hook.env");

  // Thread-safe; for what is run from now on.
  void Configure(config::Hooks hooks) { hooks_.Replace(std::move(hooks)); }

  // Stopped, the hook that runs is killed and counts as failed, and none follows.
  Report Run(Stage stage, const Context& context, std::stop_token stop);

  // Whether a schedule may name these. Only what is in named.d: so that who may make schedules
  // decides what runs when, but not what may run. kInvalidArgument for any other place, kNotFound
  // for what is not there, kPermission for what others than root can change.
  Result<> CheckNamed(const std::vector<std::string>& names) const;

 private:
  struct Task;

  Result<std::vector<Task>> FindTasks(Stage stage, const Context& context) const;
  Result<std::filesystem::path> NamedPath(const std::string& wanted) const;
  HookResult RunTask(const Task& task, const std::vector<std::string>& environment,
                     const std::stop_token& stop);
  void RunProgram(const Task& task, const std::vector<std::string>& environment,
                  const std::stop_token& stop, HookResult& result);
  void RunUnit(const Task& task, const std::vector<std::string>& environment,
               const std::stop_token& stop, HookResult& result);
  std::string JournalOf(const std::string& unit);

  Replaceable<config::Hooks> hooks_;
  ProcessRunner& processes_;
  Clock& clock_;
  std::filesystem::path environment_file_;
};

}  // namespace matic::hooks
