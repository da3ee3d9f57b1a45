#include "osctl/fleet/planner/task.h"

#include <algorithm>
#include <limits>

#include "osctl/fleet/planner/plan.h"

namespace matic::fleet {
namespace {

using std::chrono::seconds;

// Downloads and builds at once, which take nothing down.
constexpr uint32_t kPreparedAtOnce = 16;

// Whatever fails, the others are gone on with.
constexpr uint32_t kAnyFailures = std::numeric_limits<uint32_t>::max();

}  // namespace

bool TakesDown(Work work) { return work != Work::kPrepare; }

bool AsksForHealth(Work work) { return work != Work::kPrepare && work != Work::kRollBack; }

bool CanBeTakenBack(Work work) { return work == Work::kUpdate || work == Work::kReboot; }

void FitRules(const Task& task, Settings& settings) {
  if (task.work == Work::kUpdate) return;
  settings.rollback_on_failure = RollbackScope::kNone;
  settings.reboots = RebootOrder::kPerWave;
  if (!TakesDown(task.work) || task.immediate) settings.blackouts.clear();
  if (!task.immediate) return;
  settings.reboot_stagger = seconds(0);
  settings.on_reboot_failure = OnRebootFailure::kWarn;
}

void FitRules(const Task& task, PlannedGroup& group) {
  if (task.work == Work::kUpdate) return;
  group.soak = seconds(0);
  if (task.work == Work::kRestart) return;
  group.needs_approval = false;
  group.pre_script.clear();
  group.post_script.clear();
  if (task.work == Work::kRollBack && !task.immediate) return;
  group.dependencies.clear();
  group.windows.clear();
  group.stagger = seconds(0);
  group.max_failures = kAnyFailures;
  group.allow_reboot = group.allow_reboot || task.immediate;
  if (task.work == Work::kPrepare) group.parallel = std::max(group.parallel, kPreparedAtOnce);
}

std::string_view NameOf(Work work) {
  switch (work) {
    case Work::kUpdate:
      return "update";
    case Work::kPrepare:
      return "prepare";
    case Work::kRollBack:
      return "rollback";
    case Work::kReboot:
    case Work::kRestart:
      return "reboot";
  }
  return "";
}

}  // namespace matic::fleet
