#include "boot/policy/slot.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace matic::boot {
namespace {

Partition NamedPartition(uint32_t number, std::string_view name, const Guid& type = kRootType) {
  Partition partition;
  partition.number = number;
  partition.type = type;
  partition.unique.bytes.fill(static_cast<uint8_t>(number));
  std::copy(name.begin(), name.end(), partition.name.begin());
  return partition;
}

TEST(SlotAttributes, BitsAreWhereChromeOsHasThem) {
  EXPECT_EQ(EncodeSlotAttributes({1, 0, false}, 0), uint64_t{1} << 48);
  EXPECT_EQ(EncodeSlotAttributes({0, 1, false}, 0), uint64_t{1} << 52);
  EXPECT_EQ(EncodeSlotAttributes({0, 0, true}, 0), uint64_t{1} << 56);
}

TEST(SlotAttributes, EveryValueComesBackAndOtherBitsStay) {
  const uint64_t others = kReadOnlyBit | kNoAutoBit | 0x7;
  for (uint8_t priority = 0; priority <= kMaxPriority; ++priority) {
    for (uint8_t tries = 0; tries <= kMaxTries; ++tries) {
      for (bool successful : {false, true}) {
        const SlotAttributes slot = {priority, tries, successful};
        const uint64_t encoded = EncodeSlotAttributes(slot, others | kSlotAttributeBits);
        EXPECT_EQ(DecodeSlotAttributes(encoded), slot);
        EXPECT_EQ(encoded & ~kSlotAttributeBits, others);
      }
    }
  }
}

TEST(SlotAttributes, BootableNeedsPriorityAndSuccessOrTries) {
  EXPECT_TRUE(IsBootable({1, 0, true}));
  EXPECT_TRUE(IsBootable({1, 1, false}));
  EXPECT_FALSE(IsBootable({1, 0, false}));
  EXPECT_FALSE(IsBootable({0, 3, true}));
  EXPECT_TRUE(IsOnTrial({2, 3, false}));
  EXPECT_FALSE(IsOnTrial({2, 3, true}));
  EXPECT_EQ(WithTryTaken({2, 3, false}), (SlotAttributes{2, 2, false}));
}

struct ChoiceCase {
  const char* name;
  SlotAttributes a;
  SlotAttributes b;
  uint32_t a_number;
  std::optional<Slot> chosen;
};

class Choice : public testing::TestWithParam<ChoiceCase> {};

TEST_P(Choice, IsTheBootableSlotOfHighestPriority) {
  const ChoiceCase& choice = GetParam();
  const std::vector<SlotCandidate> candidates = {{Slot::kA, choice.a_number, choice.a},
                                                 {Slot::kB, 3, choice.b}};
  EXPECT_EQ(ChooseSlot(candidates), choice.chosen);
}

INSTANTIATE_TEST_SUITE_P(
    Slots, Choice,
    testing::Values(
        ChoiceCase{"factory", {1, 0, true}, {0, 0, false}, 2, Slot::kA},
        ChoiceCase{"trial_before_running", {1, 0, true}, {2, 3, false}, 2, Slot::kB},
        ChoiceCase{"last_try", {1, 0, true}, {2, 1, false}, 2, Slot::kB},
        ChoiceCase{"tries_used_up", {1, 0, true}, {2, 0, false}, 2, Slot::kA},
        ChoiceCase{"highest_priority_there_is", {14, 0, true}, {15, 0, true}, 2, Slot::kB},
        ChoiceCase{"tie_lower_number", {1, 0, true}, {1, 0, true}, 2, Slot::kA},
        ChoiceCase{"tie_lower_number_is_b", {1, 0, true}, {1, 0, true}, 7, Slot::kB},
        ChoiceCase{"tie_trial_and_successful", {1, 1, false}, {1, 0, true}, 2, Slot::kA},
        ChoiceCase{"priority_zero_never", {0, 3, true}, {0, 3, false}, 2, std::nullopt},
        ChoiceCase{"nothing", {0, 0, false}, {2, 0, false}, 2, std::nullopt}),
    [](const auto& test) { return std::string(test.param.name); });

TEST(FindSlot, NeedsTypeAndName) {
  const std::vector<Partition> partitions = {
      NamedPartition(1, "slot-a", kEspType), NamedPartition(2, "slot-a"),
      NamedPartition(3, "slot-b-old"), NamedPartition(4, "slot-b", kStateType)};
  EXPECT_EQ(FindSlot(partitions, Slot::kA).partition, &partitions[1]);
  EXPECT_EQ(FindSlot(partitions, Slot::kB).partition, nullptr);
  EXPECT_EQ(FindSlot(partitions, Slot::kB).error, SlotLookupError::kMissing);
}

TEST(FindSlot, RefusesTwoOfTheSameName) {
  const std::vector<Partition> partitions = {NamedPartition(2, "slot-a"),
                                             NamedPartition(3, "slot-a")};
  EXPECT_EQ(FindSlot(partitions, Slot::kA).error, SlotLookupError::kAmbiguous);
}

TEST(FindSlot, RefusesAPartitionGuidThatIsUsedTwiceOrMissing) {
  std::vector<Partition> partitions = {NamedPartition(2, "slot-a"), NamedPartition(3, "slot-b"),
                                       NamedPartition(4, "state", kStateType)};
  partitions[2].unique = partitions[0].unique;
  partitions[1].unique = {};
  EXPECT_EQ(FindSlot(partitions, Slot::kA).error, SlotLookupError::kDuplicateGuid);
  EXPECT_EQ(FindSlot(partitions, Slot::kB).error, SlotLookupError::kDuplicateGuid);
  EXPECT_EQ(ChooseSlot(partitions), std::nullopt);
}

TEST(Names, GoBothWays) {
  EXPECT_EQ(ParseSlotName("slot-b"), Slot::kB);
  EXPECT_EQ(ParseSlotName("slot-c"), std::nullopt);
  EXPECT_EQ(SlotName(OtherSlot(Slot::kA)), "slot-b");
  Partition full = NamedPartition(1, "");
  full.name.fill(u'x');
  EXPECT_TRUE(HasName(full, std::string(36, 'x')));
  EXPECT_FALSE(HasName(full, std::string(35, 'x')));
  EXPECT_FALSE(HasName(full, std::string(37, 'x')));
}

TEST(GuidText, IsMixedEndian) {
  const auto guid = ParseGuid("C12A7328-f81f-11d2-ba4b-00a0c93ec93b");
  ASSERT_TRUE(guid);
  EXPECT_EQ(guid->bytes[0], 0x28);
  EXPECT_EQ(guid->bytes[4], 0x1f);
  EXPECT_EQ(guid->bytes[15], 0x3b);
  const GuidText text = FormatGuid(*guid);
  EXPECT_EQ(std::string(text.data(), text.size()), "C12A7328-F81F-11D2-BA4B-00A0C93EC93B");
}

TEST(GuidText, RefusesWhatIsNone) {
  for (const char* text :
       {"", "c12a7328-f81f-11d2-ba4b-00a0c93ec93", "{12a7328-f81f-11d2-ba4b-00a0c93ec93b",
        "c12a7328+f81f-11d2-ba4b-00a0c93ec93b", "c12a7328-f81f-11d2-ba4b-00a0c93ec93b0"}) {
    EXPECT_FALSE(ParseGuid(text)) << text;
  }
}

}  // namespace
}  // namespace matic::boot
