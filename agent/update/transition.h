// The update state machine: one pure function. The caller persists `next`, records `outcome`,
// performs `action`, and feeds what came of it back as the next event.
//
// Recovery is an event like any other: at start the caller feeds Started with the facts read from
// the disk. Where state and facts disagree, the facts win.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "agent/update/event.h"
#include "agent/update/state.h"
#include "lib/base/result.h"

namespace matic::update {

// Actions. Every one can be done twice with the same end.
struct AwaitTurn {
  Order order;
};
// Checks whether the machine may be updated, and runs hooks.
struct Prepare {
  Order order;
};
struct Stage {
  Order order;
};
// Waits for the time to reboot.
struct AwaitActivation {
  Order order;
  StagedImage image;
};
struct CheckBaseline {};
struct Activate {
  StagedImage image;
};
struct CheckHealth {
  Trial trial;
};
// Of a system that was gone back to, once more.
struct Recheck {
  std::vector<std::string> checks;  // their names
};
struct Confirm {};
struct Revert {
  std::string previous;
};
struct Discard {
  std::string target;
};
struct Reboot {
  bool give_try_back = false;
};
// The running system is good: boot-complete.target may be reached.
struct AnnounceGoodBoot {};

using Action =
    std::variant<AwaitTurn, Prepare, Stage, AwaitActivation, CheckBaseline, Activate, CheckHealth,
                 Recheck, Confirm, Revert, Discard, Reboot, AnnounceGoodBoot>;

enum class Verdict {
  kNone,
  kStrike,      // its tries were used up, and nobody knows why
  kQuarantine,  // it was seen to fail
};

enum class RollbackCause {
  kUnknown,       // recorded by a release that did not tell it
  kHealth,        // critical checks failed
  kBootAttempts,  // it was started, and never confirmed itself
  kNotStarted,    // the boot selector could not start it, or did not
  kAskedFor,      // by a person
  kActivation,    // it could not be switched to
};

struct RollbackFact {
  RollbackKind kind;
  std::string from;
  std::string to;
  std::string requested_by;
  std::string failed_boot_id{};  // of the latest start of `from`, where it was seen
  RollbackCause cause = RollbackCause::kUnknown;
};

// How an update (or a rollback by hand) ended.
struct Outcome {
  enum class End { kCompleted, kFailed, kRolledBack, kCancelled };
  std::string schedule_id;
  End end;
  std::string reason;
  StagedImage image;
  Verdict verdict = Verdict::kNone;
  bool stays = false;  // the image runs, and is marked successful
  std::optional<RollbackFact> rollback;
};

// A system that is known to be good fails what sent its suspects back: the fault is not in them.
struct CommonCause {
  std::string runs;
  std::vector<std::string> checks;  // that fail in it and in a suspect
  std::string reason;               // what they say in it
  std::vector<Suspect> suspects;    // whose failure it explains

  bool operator==(const CommonCause&) const = default;
};

struct Step {
  UpdateState next;
  std::optional<Action> action;
  std::optional<Outcome> outcome;
  std::optional<CommonCause> common_cause{};
};

// How often a reboot during a trial gives its try back.
inline constexpr uint32_t kMaxTriesGivenBack = 3;

// How many starts of the agent take the checks again of a system that was gone back to. A check
// that ends agent or machine is not taken forever.
inline constexpr uint32_t kMaxRecheckStarts = 3;

// kRefused where the event makes no sense in that state, with a message for people; nothing
// changes.
Result<Step> Transition(const UpdateState& state, const Event& event);

// The act that `state` stands for: what is left to do where an act was cut short or put off.
std::optional<Action> PendingAction(const UpdateState& state);

// "cancelled by admin alice: wrong image"
std::string CancelReason(const CancelRequested& event);
// Whether it is about what `state` is at, and not about an update that has ended since.
bool IsMeantFor(const CancelRequested& event, const UpdateState& state);

}  // namespace matic::update
