// What events may bring about in a run, and what follows from it at once. Inside this folder only.
#pragma once

#include <string>

#include "osctl/fleet/planner/run_state.h"

namespace matic::fleet {

// A run while an event is applied to it.
struct Change {
  const Plan& plan;
  RunState& state;
  WallTime at;  // of the event
};

void Tell(Change& run, NoticeKind kind, std::optional<size_t> group, const std::string& machine,
          const std::string& text);

// The only way in which a machine's phase changes. One that is given up may go on to another.
void SetPhase(Change& run, size_t machine, MachinePhase next);
void SetPhase(Change& run, size_t group, GroupPhase next);

void GiveUpMachine(Change& run, size_t machine, GivenUp how);
// Begins no further wave of it. The first end stays.
void GiveUpGroup(Change& run, size_t group, GroupEnd end, const std::string& why, GivenUp how);
// What of it was not begun is not reached.
void EndGroup(Change& run, size_t group, GroupEnd end, const std::string& why);
// Begins nothing further at all. The first cause stays.
void StopRun(Change& run, StopCause cause, const std::string& why);
// What becomes of activated machines when their group or the run is given up for a failure: what
// made others fail is not left to be booted by chance.
GivenUp AfterFailure(const Plan& plan);

// The step of its phase failed. `seen`: as it was read back after that, else null.
void FailMachine(Change& run, size_t machine, const std::string& why, const Seen* seen);

// True where it runs what it ran before the run, and will go on doing so.
bool RunsOld(const Seen& seen);

}  // namespace matic::fleet
