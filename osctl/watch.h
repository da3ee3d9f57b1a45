// Follows one schedule to its end, across restarts of the agent and reboots of the node.
#pragma once

#include <string>

#include "osctl/client.h"
#include "osctl/session.h"

namespace matic::osctl {

enum class StagedIs { kTheEnd, kAPassage };

// Whether the node answered this program before: one that did is waited for when it does not.
enum class Reached { kNotYet, kBefore };

// Shows every change (as a JSON object a line with --output json) until the final state, whose exit
// code is returned. A schedule that stops after staging ends the watch there, unless it is a
// passage: it was just told to go on. Hanging up cancels nothing. kDeadline when --timeout is over
// before.
Result<ExitCode> WatchToEnd(Session& session, Client& client, const std::string& schedule_id,
                            StagedIs staged, Reached reached);

// The exit code of a schedule that has ended.
ExitCode OutcomeCode(v1::ScheduleState state);

}  // namespace matic::osctl
