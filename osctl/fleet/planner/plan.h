// What a run will do: which machines, in which order, how many at once. Pure: made of an inventory
// and of what the machines said, and not changed any more while the run goes on.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/result.h"
#include "osctl/fleet/inventory/inventory.h"
#include "osctl/fleet/inventory/selection.h"
#include "osctl/fleet/planner/facts.h"
#include "osctl/fleet/planner/task.h"

namespace matic::fleet {

struct PlannedMachine {
  std::string name;
  PinnedTarget target{};
  Work work = Work::kUpdate;
  std::string note{};  // for people: what it is in the middle of; empty: nothing
  // What is another one once it is done: of kRestart the boot id, of kRollBack the name of the
  // system that runs.
  std::string before{};
  uint64_t generation = 0;  // of kRollBack: to be gone back to; 0: the one before
  std::string staged{};     // the schedule that has its target staged before the run; empty: none
  bool operator==(const PlannedMachine&) const = default;
};

struct Wave {
  bool canary = false;
  std::vector<size_t> machines;  // indices of Plan::machines, in the listed order
  bool operator==(const Wave&) const = default;
};

enum class LeftOutReason {
  kUpToDate,
  kOffline,        // and may be skipped
  kUnreachable,    // and may not: counts as a failure of its group
  kNoTarget,       // nobody can say what it is to run: counts likewise
  kRebootPending,  // what it lacks is a reboot, which its group does not allow
  kNoReboot,       // its group does not allow what may take a reboot
  kNotPrepared,    // only what was prepared is to be activated
  kNoGroup,        // selected by name or tag, but of no group that says how it is updated
};

struct LeftOut {
  std::string machine;
  std::string group;
  LeftOutReason reason;
  std::string detail;  // for people; may be empty
  bool operator==(const LeftOut&) const = default;
};

// A group as this run treats it. The controller is not among its group's waves: it is a group of
// its own with the same name and rules, behind all others, that depends on all that its group
// depends on and on its group.
struct PlannedGroup {
  std::string name;
  bool controller = false;
  std::vector<size_t> dependencies;  // indices of Plan::groups, all before it; also by way of
                                     // groups that were not selected
  std::vector<Wave> waves;           // canaries first; none: nothing is to be done
  std::string skip;                  // why it is not touched; empty: it is
  std::vector<std::string> members;  // all selected ones that could be reached: whose health counts
  uint32_t failures_before = 0;      // machines that are left out, and may not be
  uint32_t max_failures = 0;         // machines; one more stops the run
  uint32_t parallel = 1;             // machines down at once
  bool needs_approval = false;
  bool allow_reboot = true;
  std::vector<calendar::Window> windows;
  std::string timezone;
  std::chrono::seconds soak{0};     // after the last wave of canaries, if another follows
  std::chrono::seconds stagger{0};  // between its end and the next group
  std::string pre_script;
  std::string post_script;
  std::string rollback_script;
  bool operator==(const PlannedGroup&) const = default;
};

struct Plan {
  std::string fleet;
  Work work = Work::kUpdate;  // of its task
  Settings settings;
  std::vector<PlannedMachine> machines;  // each once
  std::vector<PlannedGroup> groups;      // dependencies first, else as listed
  std::vector<LeftOut> left_out;
  bool operator==(const Plan&) const = default;
};

// kInvalidArgument: groups depend on each other in a circle (it is named), a machine is in two of
// the selected groups, or the selection names what the inventory does not have. kRefused: another
// controller holds a machine (both are named).
Result<Plan> MakePlan(const Inventory& inventory, const Selection& selection,
                      const FleetFacts& facts, const Task& task = {});

// "up to date", "offline", …
std::string_view NameOf(LeftOutReason reason);
// Left out where it may not be: a failure of its group.
bool IsFailure(LeftOutReason reason);

}  // namespace matic::fleet
