// What a run is for: besides updating a fleet, what else is done with its machines in waves.
#pragma once

#include <cstdint>
#include <string_view>

#include "osctl/fleet/inventory/inventory.h"

namespace matic::fleet {

struct PlannedGroup;

enum class Work {
  kUpdate,    // stage, activate, reboot where it takes one, verify
  kReboot,    // as part of an update: it was activated before this run, and waits for its reboot
  kPrepare,   // stage, and nothing more
  kRollBack,  // go back to what it ran before, and verify
  kRestart,   // reboot into what it runs, and verify
};

struct Task {
  Work work = Work::kUpdate;   // any but kReboot
  bool prepared_only = false;  // of kUpdate: only where the target is staged already
  // Of kRollBack: now, as far as maxParallel allows; without windows, pauses, the order of groups'
  // dependencies, and leave to reboot.
  bool immediate = false;
  // Of kRollBack, where all machines are Nix hosts; 0: what each ran before.
  uint64_t generation = 0;
  bool operator==(const Task&) const = default;
};

// True where what runs changes: such work has windows, pauses and places.
bool TakesDown(Work work);
// True where a group that is not healthy is left alone, rather than what puts it right kept from
// it.
bool AsksForHealth(Work work);
// True where a failure, or somebody who stops the run, may take back what was done.
bool CanBeTakenBack(Work work);

// What the rules of an update say of this task. Inside this folder only.
void FitRules(const Task& task, Settings& settings);
void FitRules(const Task& task, PlannedGroup& group);

// "update", "prepare", "rollback", "reboot"
std::string_view NameOf(Work work);

}  // namespace matic::fleet
