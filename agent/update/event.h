// What happens to an update: what people ask for, and what came of an act.
#pragma once

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "agent/update/facts.h"
#include "agent/update/state.h"
#include "lib/base/result.h"

namespace matic::update {

struct Started {
  Facts facts;
};
struct StageRequested {
  Order order;
};
// Its turn has come.
struct TurnCame {};
// Nothing speaks against it.
struct Prepared {
  Order order;
};
struct PrepareFailed {
  Error error;
};
// What was asked for runs already.
struct NothingToDo {
  std::string reason;
};
struct StageSucceeded {
  StagedImage image;
};
struct StageFailed {
  Error error;
};
struct ActivateRequested {
  std::string schedule_id{};  // empty: whatever is staged
};
// The time to reboot has come, and what is staged is still what was verified.
struct ActivationDue {};
struct BaselineChecked {
  std::vector<std::string> failing;  // names of critical checks that fail now
  std::string running;
  std::string boot_id;
};
struct ActivateSucceeded {};
// Nothing of the running system was changed: kRefused. Else what runs may be neither the old system
// nor the new one.
struct ActivateFailed {
  Error error;
};
struct HealthPassed {};
struct HealthFailed {
  std::string reason;
  std::vector<std::string> failing{};  // names of the critical checks
};
struct ConfirmSucceeded {};
struct ConfirmFailed {
  Error error;
};
struct RollbackRequested {
  std::string reason;
  std::string requested_by;
  std::string running;
  std::string running_version;
  std::string running_digest;
  std::string previous;
  std::string boot_id;
};
struct RevertSucceeded {
  std::string runs{};    // what was gone back to without a reboot; empty: it takes one
  std::string golden{};  // another target, the last way back; empty: none
};
struct RevertFailed {
  Error error;
};
struct CancelRequested {
  std::string reason;
  std::string requested_by;
  std::string schedule_id{};  // empty: whatever is under way
};
struct Discarded {};
struct DiscardFailed {
  Error error;
};
struct RebootRequested {};

using Event =
    std::variant<Started, StageRequested, TurnCame, Prepared, PrepareFailed, NothingToDo,
                 StageSucceeded, StageFailed, ActivateRequested, ActivationDue, BaselineChecked,
                 ActivateSucceeded, ActivateFailed, HealthPassed, HealthFailed, ConfirmSucceeded,
                 ConfirmFailed, RollbackRequested, RevertSucceeded, RevertFailed, CancelRequested,
                 Discarded, DiscardFailed, RebootRequested>;

// What it asks for, in a refusal: "another update".
std::string_view EventName(const Event& event);

}  // namespace matic::update
