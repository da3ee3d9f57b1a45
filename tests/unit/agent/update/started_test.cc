// Recovery: every state that can be found at start, and what the disk may say then.
#include "agent/update/started.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/agent/update/cases.h"

namespace matic::update {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

Step Start(const UpdateState& state, const Facts& facts) {
  Result<Step> step = Transition(state, Started{facts});
  EXPECT_TRUE(step);
  return *step;
}

std::string ActionName(const Step& step) {
  if (!step.action) return "nothing";
  static constexpr const char* kNames[] = {
      "await-turn", "prepare",      "stage",   "await-activation", "check-baseline",
      "activate",   "check-health", "recheck", "confirm",          "revert",
      "discard",    "reboot",       "announce"};
  return kNames[step.action->index()];
}

std::string EndName(const Step& step) {
  if (!step.outcome) return "";
  static constexpr const char* kNames[] = {"completed", "failed", "rolled-back", "cancelled"};
  return kNames[static_cast<int>(step.outcome->end)];
}

struct Row {
  const char* what;
  Facts facts;
  const char* next;
  const char* action;
  const char* end;
  Verdict verdict = Verdict::kNone;
};

void ExpectRows(const UpdateState& state, const std::vector<Row>& rows) {
  for (const Row& row : rows) {
    SCOPED_TRACE(std::string(StateName(state)) + ", " + row.what);
    const Step step = Start(state, row.facts);
    EXPECT_EQ(StateName(step.next), row.next);
    EXPECT_EQ(ActionName(step), row.action);
    EXPECT_EQ(EndName(step), row.end);
    EXPECT_EQ(step.outcome ? step.outcome->verdict : Verdict::kNone, row.verdict);
  }
}

const Facts kOldRuns = Runs("slot-a", kSecondBoot, kUnbootable);
const Facts kOldRunsSameBoot = Runs("slot-a", kFirstBoot, kUnbootable);
const Facts kOldRunsTriesLeft = Runs("slot-a", kSecondBoot, {2, 2, false});
const Facts kOldRunsTriesUsedUp = Runs("slot-a", kThirdBoot, {2, 0, false});
const Facts kNewRuns = Runs("slot-b", kSecondBoot, {2, 2, false});
const Facts kNewRunsAgain = Runs("slot-b", kThirdBoot, {2, 1, false});
const Facts kNewRunsLastTry = Runs("slot-b", kThirdBoot, {2, 0, false});
const Facts kNewRunsConfirmed = Runs("slot-b", kThirdBoot, {2, 0, true});
// Nothing was bootable, and the selector started what loads.
const Facts kNewRunsAsLastResort = Runs("slot-b", kThirdBoot, kUnbootable, kUnbootable);
const Facts kOldRunsAsLastResort = Runs("slot-a", kThirdBoot, kUnbootable, kUnbootable);

TEST(StartedTest, Idle) {
  ExpectRows(Idle{}, {
                         {"old runs", kOldRuns, "idle", "announce", ""},
                         {"new runs, on trial", kNewRuns, "trying", "check-health", ""},
                         {"new runs, last try", kNewRunsLastTry, "trying", "check-health", ""},
                         {"new runs, confirmed", kNewRunsConfirmed, "idle", "announce", ""},
                         {"last resort", kOldRunsAsLastResort, "trying", "check-health", ""},
                     });
}

TEST(StartedTest, Waiting) {
  ExpectRows(Waiting{MakeOrder()},
             {
                 {"agent restarted", kOldRunsSameBoot, "waiting", "announce", ""},
                 {"rebooted", kOldRuns, "waiting", "announce", ""},
                 {"not confirmed", kNewRuns, "trying", "check-health", "failed"},
                 {"last resort", kOldRunsAsLastResort, "trying", "check-health", "failed"},
             });
}

TEST(StartedTest, ChecksAndHooksAreBegunAgainButNotForEver) {
  UpdateState state = Waiting{MakeOrder()};
  // Only who waits.
  for (int i = 0; i < 10; ++i) state = Start(state, kOldRuns).next;
  EXPECT_EQ(state, UpdateState(Waiting{MakeOrder()}));
  for (uint32_t start = 1; start <= kMaxInterruptions; ++start) {
    state = Transition(state, TurnCame{})->next;
    ASSERT_EQ(state, UpdateState(Waiting{MakeOrder(), true, start - 1}));
    EXPECT_TRUE(std::holds_alternative<Prepare>(*PendingAction(state)));
    state = Start(state, kOldRuns).next;
    // The window may have closed.
    EXPECT_TRUE(std::holds_alternative<AwaitTurn>(*PendingAction(state)));
  }
  const Step step = Start(Transition(state, TurnCame{})->next, kOldRuns);
  EXPECT_EQ(step.next, UpdateState(Idle{}));
  ASSERT_TRUE(step.outcome);
  EXPECT_EQ(step.outcome->end, Outcome::End::kFailed);
  EXPECT_THAT(step.outcome->reason,
              HasSubstr("interrupted while its pre-checks and hooks ran, 4 times"));
  EXPECT_EQ(step.outcome->verdict, Verdict::kStrike);
  EXPECT_EQ(step.outcome->image.digest, MakeOrder().sha256);
}

TEST(StartedTest, Staging) {
  ExpectRows(Staging{MakeOrder()},
             {
                 {"agent restarted", kOldRunsSameBoot, "staging", "announce", ""},
                 {"power cut", kOldRuns, "staging", "announce", ""},
                 {"last resort", kOldRunsAsLastResort, "trying", "check-health", "failed"},
             });
}

TEST(StartedTest, StagingIsGoneOnWithButNotForEver) {
  UpdateState state = Staging{MakeOrder()};
  for (uint32_t start = 1; start <= kMaxInterruptions; ++start) {
    state = Start(state, kOldRuns).next;
    ASSERT_EQ(state, UpdateState(Staging{MakeOrder(), start}));
    EXPECT_TRUE(std::holds_alternative<Stage>(*PendingAction(state)));
  }
  const Step step = Start(state, kOldRuns);
  EXPECT_EQ(step.next, UpdateState(Idle{}));
  ASSERT_TRUE(step.outcome);
  EXPECT_EQ(step.outcome->end, Outcome::End::kFailed);
  EXPECT_THAT(step.outcome->reason, HasSubstr("interrupted while staging, 4 times"));
}

TEST(StartedTest, Staged) {
  Order waits = MakeOrder();
  waits.stop_after_staging = true;
  ExpectRows(Staged{MakeOrder(), MakeImage()},
             {
                 {"agent restarted", kOldRunsSameBoot, "staged", "announce", ""},
                 {"rebooted", kOldRuns, "staged", "announce", ""},
                 {"target runs", kNewRunsAsLastResort, "trying", "check-health", "failed"},
                 {"old runs, unknown", kOldRunsAsLastResort, "trying", "check-health", "failed"},
             });
  ExpectRows(Staged{waits, MakeImage()}, {{"waits", kOldRuns, "staged", "announce", ""}});
}

TEST(StartedTest, ChecksBeforeActivatingAreBegunAgainButNotForEver) {
  UpdateState state = Staged{MakeOrder(), MakeImage()};
  for (uint32_t start = 1; start <= kMaxInterruptions; ++start) {
    state = Transition(state, ActivationDue{})->next;
    EXPECT_TRUE(std::holds_alternative<CheckBaseline>(*PendingAction(state)));
    state = Start(state, kOldRuns).next;
    ASSERT_EQ(state, UpdateState(Staged{MakeOrder(), MakeImage(), false, start}));
    EXPECT_TRUE(std::holds_alternative<AwaitActivation>(*PendingAction(state)));
  }
  const Step step = Start(Transition(state, ActivationDue{})->next, kOldRuns);
  EXPECT_EQ(step.next, UpdateState(Idle{}));
  ASSERT_TRUE(step.action);
  ASSERT_TRUE(std::holds_alternative<Discard>(*step.action));
  EXPECT_EQ(std::get<Discard>(*step.action).target, MakeImage().target);
  ASSERT_TRUE(step.outcome);
  EXPECT_EQ(step.outcome->end, Outcome::End::kFailed);
  EXPECT_THAT(step.outcome->reason, HasSubstr("interrupted while"));
  EXPECT_EQ(step.outcome->verdict, Verdict::kStrike);
}

TEST(StartedTest, Activating) {
  ExpectRows(Activating{MakeTrial()},
             {
                 {"not written", kOldRunsSameBoot, "activating", "activate", ""},
                 {"not written, rebooted", kOldRuns, "activating", "activate", ""},
                 {"written, agent restarted", Runs("slot-a", kFirstBoot, {2, 3, false}),
                  "activating", "activate", ""},
                 {"written, new runs", kNewRuns, "trying", "check-health", ""},
                 {"written, used up", kOldRunsTriesUsedUp, "idle", "discard", "rolled-back",
                  Verdict::kStrike},
                 {"written, confirmed", kNewRunsConfirmed, "idle", "announce", "completed"},
                 {"old runs, not known good", Runs("slot-a", kSecondBoot, kUnbootable, kUnbootable),
                  "trying", "check-health", "failed"},
             });
}

TEST(StartedTest, Activated) {
  ExpectRows(
      Activated{MakeTrial()},
      {
          {"reboot still due", Runs("slot-a", kFirstBoot, {2, 3, false}), "activated", "reboot",
           ""},
          {"taken back in this boot", kOldRunsSameBoot, "idle", "announce", "failed"},
          {"new runs", kNewRuns, "trying", "check-health", ""},
          {"new runs, last try", kNewRunsLastTry, "trying", "check-health", ""},
          {"new runs, confirmed", kNewRunsConfirmed, "idle", "announce", "completed"},
          {"not tried though it could be", kOldRunsTriesLeft, "idle", "discard", "rolled-back"},
          {"used up", kOldRunsTriesUsedUp, "idle", "discard", "rolled-back", Verdict::kStrike},
          {"refused", kOldRuns, "idle", "discard", "rolled-back", Verdict::kQuarantine},
          {"refused, old is last resort", kOldRunsAsLastResort, "trying", "check-health",
           "rolled-back", Verdict::kQuarantine},
      });
}

TEST(StartedTest, Trying) {
  ExpectRows(
      Trying{MakeStartedTrial()},
      {
          {"agent restarted", kNewRuns, "trying", "check-health", ""},
          {"started again", kNewRunsAgain, "trying", "check-health", ""},
          {"started again, last try", kNewRunsLastTry, "trying", "check-health", ""},
          {"confirmed, note lost", kNewRunsConfirmed, "idle", "announce", "completed"},
          {"used up", kOldRunsTriesUsedUp, "idle", "discard", "rolled-back", Verdict::kStrike},
          {"refused later, or left without a note", kOldRuns, "idle", "discard", "rolled-back",
           Verdict::kQuarantine},
          {"not tried though it could be", kOldRunsTriesLeft, "idle", "discard", "rolled-back"},
          {"last resort", kNewRunsAsLastResort, "trying", "check-health", ""},
      });
}

TEST(StartedTest, Confirming) {
  ExpectRows(
      Confirming{MakeStartedTrial(), ""},
      {
          {"agent restarted", kNewRuns, "confirming", "confirm", ""},
          {"power cut before", kNewRunsAgain, "trying", "check-health", ""},
          {"power cut after", kNewRunsConfirmed, "idle", "announce", "completed"},
          {"used up", kOldRunsTriesUsedUp, "idle", "discard", "rolled-back", Verdict::kStrike},
      });
  ExpectRows(Confirming{MakeStartedTrial(false), "api: refused"},
             {
                 {"agent restarted", kNewRuns, "confirming", "confirm", ""},
                 {"power cut before", kNewRunsAgain, "trying", "check-health", ""},
                 {"power cut after", kNewRunsConfirmed, "idle", "announce", "failed"},
             });
}

TEST(StartedTest, RollingBack) {
  const Facts arrived = Runs("slot-a", kThirdBoot, kUnbootable, {2, 0, true});
  ExpectRows(RollingBack{MakeStartedTrial(), RollbackKind::kAutomatic, "api: refused", ""},
             {
                 {"agent restarted", kNewRuns, "rolling-back", "revert", ""},
                 {"power cut before the revert", kNewRunsAgain, "rolling-back", "revert", ""},
                 {"the same, in its last try", kNewRunsLastTry, "rolling-back", "revert", ""},
                 {"arrived", arrived, "idle", "discard", "rolled-back", Verdict::kQuarantine},
                 {"tries used up instead", kOldRunsTriesUsedUp, "idle", "discard", "rolled-back",
                  Verdict::kQuarantine},
                 {"arrived, still bootable", kOldRunsTriesLeft, "idle", "discard", "rolled-back",
                  Verdict::kQuarantine},
             });
  ExpectRows(RollingBack{MakeStartedTrial(), RollbackKind::kManual, "slow", "alice"},
             {{"arrived", arrived, "idle", "discard", "rolled-back"}});
  ExpectRows(RollingBack{MakeStartedTrial(), RollbackKind::kCancel, "cancelled", "alice"},
             {{"arrived", arrived, "idle", "discard", "cancelled"}});
}

// Without an end it would reboot for ever.
TEST(StartedTest, RollingBackToASystemThatCannotBeStarted) {
  ExpectRows(RollingBack{MakeStartedTrial(), RollbackKind::kAutomatic, "api: refused", ""},
             {
                 {"reverted, reboot still due", Runs("slot-b", kSecondBoot, kUnbootable),
                  "rolling-back", "revert", ""},
                 {"reverted, and started as a last resort", Runs("slot-b", kThirdBoot, kUnbootable),
                  "trying", "check-health", "failed", Verdict::kQuarantine},
             });

  Trial by_hand;
  by_hand.image = MakeImage();
  by_hand.previous = "slot-a";
  by_hand.activated_boot_id = kSecondBoot;
  const auto both_good = [](const std::string& boot_id, Attributes a, const std::string& next) {
    Facts facts = Runs("slot-b", boot_id, {1, 0, true}, a);
    for (Target& target : facts.targets) target.next = target.name == next;
    return facts;
  };
  ExpectRows(RollingBack{by_hand, RollbackKind::kManual, "slow", "alice"},
             {
                 {"reverted, reboot still due", both_good(kSecondBoot, {2, 0, true}, "slot-a"),
                  "rolling-back", "revert", ""},
                 {"power cut before the revert", both_good(kThirdBoot, {1, 0, true}, "slot-b"),
                  "rolling-back", "revert", ""},
                 {"passed over", both_good(kThirdBoot, {2, 0, true}, "slot-a"), "idle", "discard",
                  "failed"},
             });
}

TEST(StartedTest, Cancelling) {
  ExpectRows(Cancelling{MakeOrder(), MakeImage(), "slot-a", "cancelled"},
             {
                 {"agent restarted", kOldRunsSameBoot, "cancelling", "discard", ""},
                 {"not discarded yet", Runs("slot-a", kFirstBoot, {2, 3, false}), "cancelling",
                  "discard", ""},
                 {"the target was started first", kNewRuns, "rolling-back", "revert", ""},
             });
  ExpectRows(Cancelling{MakeOrder(), MakeImage(), "", "cancelled"},
             {{"last resort", kNewRunsAsLastResort, "trying", "check-health", "failed"}});
}

TEST(StartedTest, AnUnconfirmedSystemWithoutAStateIsAdopted) {
  const Step step = Start(Idle{}, kNewRuns);
  const auto* trying = std::get_if<Trying>(&step.next);
  ASSERT_NE(trying, nullptr);
  EXPECT_EQ(trying->trial.image.target, "slot-b");
  EXPECT_EQ(trying->trial.image.version, "2.0");
  EXPECT_EQ(trying->trial.previous, "slot-a");
  EXPECT_TRUE(trying->trial.order.auto_rollback);
  EXPECT_EQ(trying->trial.boot_counter, 1u);
  EXPECT_THAT(trying->trial.order.schedule_id, IsEmpty());
}

TEST(StartedTest, TheLastResortHasNoWayBack) {
  for (const Facts& facts :
       {kOldRunsAsLastResort, Runs("slot-a", kThirdBoot, {2, 0, false}, kUnbootable)}) {
    const Step step = Start(Idle{}, facts);
    const auto* trying = std::get_if<Trying>(&step.next);
    ASSERT_NE(trying, nullptr);
    EXPECT_THAT(trying->trial.previous, IsEmpty());
  }
}

// Successful, yet of priority 0: the selector passes it over until it is confirmed again.
TEST(StartedTest, ASuccessfulSystemThatIsNotBootableIsConfirmedAnew) {
  const Step step = Start(Idle{}, Runs("slot-a", kSecondBoot, kUnbootable, {0, 0, true}));
  EXPECT_EQ(StateName(step.next), "trying");
}

TEST(StartedTest, StartsAreCountedOnceABoot) {
  UpdateState state = Start(Activated{MakeTrial()}, kNewRuns).next;
  state = Start(state, kNewRuns).next;
  EXPECT_EQ(TrialOf(state)->boot_counter, 1u);
  state = Start(state, kNewRunsAgain).next;
  EXPECT_EQ(TrialOf(state)->boot_counter, 2u);
}

TEST(StartedTest, ReasonsNameWhatHappened) {
  EXPECT_THAT(Start(Trying{MakeStartedTrial()}, kOldRunsTriesUsedUp).outcome->reason,
              HasSubstr("boot attempts used up"));
  EXPECT_THAT(Start(Activated{MakeTrial()}, kOldRuns).outcome->reason,
              HasSubstr("the boot selector refused slot-b"));
  EXPECT_THAT(Start(Trying{MakeStartedTrial()}, kOldRuns).outcome->reason,
              HasSubstr("its agent went back and could not keep why"));
  EXPECT_THAT(Start(Activated{MakeTrial()}, kOldRunsTriesLeft).outcome->reason,
              HasSubstr("slot-a was started although slot-b had 2 tries left"));
}

TEST(StartedTest, ARollbackBySelectorIsRecordedAsOne) {
  const Step step = Start(Trying{MakeStartedTrial()}, kOldRunsTriesUsedUp);
  ASSERT_TRUE(step.outcome->rollback);
  EXPECT_EQ(step.outcome->rollback->kind, RollbackKind::kAutomatic);
  EXPECT_EQ(step.outcome->rollback->from, "slot-b");
  EXPECT_EQ(step.outcome->rollback->to, "slot-a");
  EXPECT_EQ(step.outcome->image.digest, MakeImage().digest);
}

// Facts that cannot be: nothing crashes, whatever is made of them.
TEST(StartedTest, FactsWithoutSlots) {
  for (const UpdateState& state : EveryState()) {
    EXPECT_TRUE(Transition(state, Started{Facts{kThirdBoot, {}}})) << StateName(state);
  }
}

}  // namespace
}  // namespace matic::update
