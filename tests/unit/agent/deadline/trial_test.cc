#include "agent/deadline/trial.h"

#include <gtest/gtest.h>

#include "boot/policy/slot.h"

namespace matic::deadline {
namespace {

using std::chrono::seconds;

boot::Guid Unique(uint8_t number) {
  boot::Guid guid;
  guid.bytes[0] = number;
  return guid;
}

boot::Partition MakeSlot(boot::Slot slot, boot::SlotAttributes attributes) {
  boot::Partition partition;
  partition.number = slot == boot::Slot::kA ? 2 : 3;
  partition.type = boot::kRootType;
  partition.unique = Unique(static_cast<uint8_t>(partition.number));
  partition.attributes = boot::EncodeSlotAttributes(attributes, 0);
  const auto name = boot::SlotName(slot);
  std::copy(name.begin(), name.end(), partition.name.begin());
  return partition;
}

// slot-b runs.
Reading JudgeB(boot::SlotAttributes a, boot::SlotAttributes b) {
  const std::vector<boot::Partition> table = {MakeSlot(boot::Slot::kA, a),
                                              MakeSlot(boot::Slot::kB, b)};
  return JudgeSlot(table, Unique(3));
}

TEST(ParseDeadline, TakesTheTopLevelKey) {
  EXPECT_EQ(ParseDeadline(R"({"version":1,"trial_deadline_seconds":120,"other":{}})"),
            seconds(120));
}

TEST(ParseDeadline, SaysNothingWhereTheStateIsDamagedOrImpossible) {
  for (const char* text :
       {"", "{", "[]", "null", "{}", R"({"trial_deadline_seconds":"120"})",
        R"({"trial_deadline_seconds":-5})", R"({"trial_deadline_seconds":1.5})",
        R"({"trial_deadline_seconds":9})", R"({"trial_deadline_seconds":86401})",
        R"({"trial_deadline_seconds":18446744073709551616})",
        R"({"state":{"trial_deadline_seconds":120}})", R"({"trial_deadline_seconds":120)"}) {
    EXPECT_EQ(ParseDeadline(text), std::nullopt) << text;
  }
}

TEST(JudgeSlot, AConfirmedSlotIsSettled) {
  EXPECT_EQ(JudgeB({1, 0, true}, {2, 0, true}), Reading::kSettled);
}

TEST(JudgeSlot, AnActivatedSlotIsOnTrialDownToItsLastTry) {
  EXPECT_EQ(JudgeB({1, 0, true}, {2, 2, false}), Reading::kOnTrial);
  EXPECT_EQ(JudgeB({1, 0, true}, {2, 0, false}), Reading::kOnTrial);
}

TEST(JudgeSlot, ASlotGivenUpAlreadyIsStillLeftForTheOther) {
  EXPECT_EQ(JudgeB({2, 0, true}, {0, 0, false}), Reading::kOnTrial);
}

TEST(JudgeSlot, ALastResortIsNotRestartedForEver) {
  EXPECT_EQ(JudgeB({0, 0, false}, {0, 0, false}), Reading::kSettled);
  EXPECT_EQ(JudgeB({0, 0, false}, {2, 0, false}), Reading::kSettled);
}

TEST(JudgeSlot, ASlotThatIsNotInTheTableIsNoTable) {
  const std::vector<boot::Partition> table = {MakeSlot(boot::Slot::kA, {1, 0, true})};
  EXPECT_EQ(JudgeSlot(table, Unique(3)), Reading::kNoTable);
}

struct AtDeadline {
  std::optional<Reading> at_start;
  Reading now;
  bool in_initrd;
  Verdict verdict;
};

TEST(JudgeAtDeadline, RestartsOnlyWhatIsStillOnTrial) {
  const AtDeadline cases[] = {
      {Reading::kOnTrial, Reading::kOnTrial, false, Verdict::kReboot},
      {Reading::kOnTrial, Reading::kSettled, false, Verdict::kDone},
      {Reading::kOnTrial, Reading::kUnreadable, false, Verdict::kReboot},
      {Reading::kOnTrial, Reading::kNoTable, false, Verdict::kLookAgain},
      {Reading::kSettled, Reading::kUnreadable, false, Verdict::kDone},
      {std::nullopt, Reading::kUnreadable, false, Verdict::kDone},
      {std::nullopt, Reading::kUnreadable, true, Verdict::kReboot},
  };
  for (const auto& item : cases) {
    EXPECT_EQ(JudgeAtDeadline(item.at_start, item.now, item.in_initrd), item.verdict)
        << "case " << &item - cases;
  }
}

}  // namespace
}  // namespace matic::deadline
