// How an update ends or turns back, where more than one event leads there.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "agent/update/transition.h"

namespace matic::update {

Outcome EndOf(const Order& order, Outcome::End end, std::string reason, StagedImage image = {});

Step RollBack(const Trial& trial, RollbackKind kind, std::string reason, std::string requested_by);

// Not so of a rollback by hand from a confirmed system.
bool IsOnTrial(const Trial& trial);

// Its target runs and was marked successful; `unhealthy` says why its checks had failed all the
// same.
Outcome ConfirmedOutcome(const Trial& trial, const std::string& unhealthy);

// `to` was gone back to.
Outcome RolledBackOutcome(const RollingBack& state, const std::string& to);

// What remains to be done on `runs`, a confirmed system that was gone back to, once the outcome is
// told: nothing, unless checks sent the other one back.
UpdateState AfterLeaving(const RollingBack& state, const std::string& runs);

// `reason` and `failing` are of the system that was gone back to.
std::optional<CommonCause> FindCommonCause(const Rechecking& state, const std::string& reason,
                                           const std::vector<std::string>& failing);

// What an update leaves behind that was rolled back to `runs` because it failed: that is on trial
// itself while there is a `golden` target to go on to (another one, or none: empty).
Step AfterRollback(const RollingBack& state, const std::string& runs, const std::string& golden,
                   const std::string& boot_id);

// The way back is closed. A system on trial is the only one there is: it stays on trial until it is
// healthy, whatever was held against it.
Step CannotRollBack(const RollingBack& state, const std::string& why);

}  // namespace matic::update
