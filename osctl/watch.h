// Follows one schedule to its end, across restarts of the agent and reboots of the node.
#pragma once

#include <string>

#include "osctl/client/client.h"
#include "osctl/session.h"

namespace matic::osctl {

// Where a watch ends before the schedule does.
enum class WatchUntil {
  kStaged,  // a schedule that stops after staging: somebody has to let it go on
  kReboot,  // the same, and a reboot: who watches does not outlive it
  kEnd,     // nowhere
};

// Whether the node answered this program before: one that did is waited for when it does not.
enum class Reached { kNotYet, kBefore };

// Shows every change (as a JSON object a line with --output json) until the final state, whose exit
// code is returned, or kDone where the watch ends before. Hanging up cancels nothing. kDeadline:
// --timeout was over before.
Result<ExitCode> Watch(Session& session, Client& client, const std::string& schedule_id,
                       WatchUntil until, Reached reached);

// The exit code of a schedule that has ended.
ExitCode OutcomeCode(v1::ScheduleState state);

}  // namespace matic::osctl
