// What is to be done in a run now. See run_state.h for how it is used.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "osctl/fleet/planner/run_state.h"

namespace matic::fleet {

// A step to begin now. None that was begun before is among a decision's actions.
struct Action {
  Begun begin{};                        // to be journalled and applied before it is carried out
  WallTime deadline{};                  // when it counts as failed, if begun now
  std::vector<std::string> machines{};  // whose health kCheckHealth is about
  std::string script{};                 // of a script's step
  bool operator==(const Action&) const = default;
};

enum class WaitReason { kApproval, kPause, kSoak, kStagger, kRebootStagger, kWindow };

// Something that could go on if it did not have to wait; for those who watch.
struct Wait {
  WaitReason reason = WaitReason::kPause;
  std::optional<size_t> group{};    // index of Plan::groups; nothing: the whole run
  std::optional<WallTime> until{};  // nothing: until somebody says so
  std::string why{};                // for people
  bool operator==(const Wait&) const = default;
};

struct Decision {
  std::vector<Action> actions{};  // may all be begun at once
  std::vector<Wait> waits{};
  std::optional<WallTime> wake{};  // when to tell a Tick and ask again, unless something happens
                                   // before; may have come already
  bool finished = false;           // the run has ended: there is nothing else
  bool operator==(const Decision&) const = default;
};

Decision Decide(const Plan& plan, const RunState& state, WallTime now);

// "approval", "reboot-stagger", …
std::string_view NameOf(WaitReason reason);

}  // namespace matic::fleet
