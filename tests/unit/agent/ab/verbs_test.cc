#include <gmock/gmock.h>

#include "tests/unit/agent/ab/ab_machine.h"

namespace matic::ab {
namespace {

using boot::Slot;
using boot::SlotAttributes;
using testing::HasSubstr;

class VerbsTest : public testing::Test {
 protected:
  void Set(SlotAttributes a, SlotAttributes b) {
    machine_.table.SetAttributes(Slot::kA, a);
    machine_.table.SetAttributes(Slot::kB, b);
  }
  // Each verb is done twice: the second time it changes nothing.
  template <typename Verb>
  void ExpectTwice(Verb verb, SlotAttributes a, SlotAttributes b) {
    for (int i = 0; i < 2; ++i) {
      const auto result = verb();
      ASSERT_TRUE(result.has_value()) << result.error().message;
      EXPECT_EQ(machine_.Attributes(Slot::kA), a);
      EXPECT_EQ(machine_.Attributes(Slot::kB), b);
    }
    EXPECT_LE(machine_.table.updates().size() - updates_before_, 1u);
  }
  template <typename Outcome>
  void ExpectRefused(const Outcome& result, const std::string& what) {
    ASSERT_FALSE(result.has_value());
    EXPECT_EQ(CodeName(result.error().code), "refused") << result.error().message;
    EXPECT_THAT(result.error().message, HasSubstr(what));
    EXPECT_EQ(machine_.table.updates().size(), updates_before_);
  }
  void Stage() {
    const auto staged = machine_.StageBytes(MakeImage({}));
    ASSERT_TRUE(staged.has_value()) << staged.error().message;
    staged_ = *staged;
    updates_before_ = machine_.table.updates().size();
  }

  AbMachine machine_;
  AbBackend& backend_ = machine_.backend;
  update::StagedImage staged_;
  size_t updates_before_ = 0;
};

TEST_F(VerbsTest, ActivateIsOneChangeOfBothSlots) {
  Stage();
  ExpectTwice([&] { return backend_.Activate(staged_, {}); }, {1, 0, true}, {2, 3, false});
  EXPECT_TRUE(machine_.Target("slot-b").next);
  EXPECT_FALSE(machine_.Target("slot-a").next);
}

TEST_F(VerbsTest, ATrialHasTheTriesThatAreConfiguredByThen) {
  Stage();
  AbOptions options;
  options.tries = 5;
  backend_.Configure(options);
  ASSERT_TRUE(backend_.Activate(staged_, {}));
  EXPECT_EQ(machine_.Attributes(Slot::kB).tries, 5);
}

TEST_F(VerbsTest, ActivateNeedsWhatWasStaged) {
  Stage();
  auto other = staged_;
  other.version = "3.0";
  auto result = backend_.Activate(other, {});
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().code, ErrorCode::kCorrupt);
  const std::vector<uint8_t> zeros(4096);
  machine_.disk.Put(machine_.SlotStart(Slot::kB), zeros);
  result = backend_.Activate(staged_, {});
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().code, ErrorCode::kCorrupt);
  EXPECT_EQ(machine_.Attributes(Slot::kB), boot::kUnbootable);
}

TEST_F(VerbsTest, ActivateNeverTheRunningSlotNorWithoutAWayBack) {
  Stage();
  auto running = staged_;
  running.target = "slot-a";
  ExpectRefused(backend_.Activate(running, {}), "it is what runs now");
  Set({2, 0, false}, boot::kUnbootable);
  ExpectRefused(backend_.Activate(staged_, {}), "not marked successful");
  auto unknown = staged_;
  unknown.target = "slot-c";
  const auto result = backend_.Activate(unknown, {});
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().code, ErrorCode::kNotFound);
}

TEST_F(VerbsTest, ConfirmIsOneEntrysChange) {
  machine_.booted.slot = Slot::kB;
  Set({1, 0, true}, {2, 2, false});
  ExpectTwice([&] { return backend_.Confirm(); }, {1, 0, true}, {2, 0, true});
  ASSERT_EQ(machine_.table.updates().size(), 1u);
  EXPECT_EQ(machine_.table.updates()[0].size(), 1u);
}

TEST_F(VerbsTest, ConfirmMakesASlotStartedAsALastResortBootable) {
  Set(boot::kUnbootable, boot::kUnbootable);
  ExpectTwice([&] { return backend_.Confirm(); }, {1, 0, true}, boot::kUnbootable);
}

TEST_F(VerbsTest, RevertFromATrial) {
  machine_.booted.slot = Slot::kB;
  Set({1, 0, true}, {2, 1, false});
  ExpectTwice([&] { return backend_.Revert("slot-a", {}); }, {2, 0, true}, boot::kUnbootable);
  EXPECT_TRUE(machine_.Target("slot-a").next);
}

TEST_F(VerbsTest, RevertByHandFromAConfirmedUpdate) {
  machine_.booted.slot = Slot::kB;
  Set({1, 0, true}, {2, 0, true});
  ExpectTwice([&] { return backend_.Revert("slot-a", {}); }, {2, 0, true}, {1, 0, true});
  EXPECT_TRUE(machine_.Target("slot-a").next);
}

TEST_F(VerbsTest, RevertOnlyToWhatIsKnownToBeGood) {
  machine_.booted.slot = Slot::kB;
  for (const SlotAttributes previous :
       {SlotAttributes{0, 0, false}, SlotAttributes{1, 3, false}, SlotAttributes{0, 0, true}}) {
    Set(previous, {2, 1, false});
    ExpectRefused(backend_.Revert("slot-a", {}), "slot-a cannot be gone back to");
  }
}

TEST_F(VerbsTest, DiscardCancelsAnActivatedUpdate) {
  Set({1, 0, true}, {2, 3, false});
  ExpectTwice([&] { return backend_.Discard("slot-b"); }, {1, 0, true}, boot::kUnbootable);
}

TEST_F(VerbsTest, DiscardKeepsAVerdictOnTheRunningSlot) {
  machine_.booted.slot = Slot::kB;
  Set({1, 0, true}, {2, 1, false});
  ExpectTwice([&] { return backend_.Discard("slot-b"); }, {1, 0, true}, boot::kUnbootable);
}

TEST_F(VerbsTest, DiscardNeverLeavesNothingToStart) {
  Set({1, 0, true}, boot::kUnbootable);
  ExpectRefused(backend_.Discard("slot-a"), "nothing else could be started");
  Set({1, 0, true}, {2, 3, false});
  ExpectRefused(backend_.Discard("slot-a"), "the only slot marked successful");
}

TEST_F(VerbsTest, DiscardOfWhatIsNotBootableIsDone) {
  Set({0, 0, false}, {0, 0, false});
  ExpectTwice([&] { return backend_.Discard("slot-b"); }, boot::kUnbootable, boot::kUnbootable);
}

TEST_F(VerbsTest, GiveTryBack) {
  machine_.booted.slot = Slot::kB;
  Set({1, 0, true}, {2, 0, false});
  ASSERT_TRUE(backend_.GiveTryBack().has_value());
  EXPECT_EQ(machine_.Attributes(Slot::kB), (SlotAttributes{2, 1, false}));
  Set({1, 0, true}, {2, 3, false});
  ASSERT_TRUE(backend_.GiveTryBack().has_value());
  EXPECT_EQ(machine_.Attributes(Slot::kB), (SlotAttributes{2, 3, false}))
      << "never more than it had";
  Set({1, 0, true}, {2, 0, true});
  ASSERT_TRUE(backend_.GiveTryBack().has_value());
  EXPECT_EQ(machine_.Attributes(Slot::kB), (SlotAttributes{2, 0, true})) << "not on trial";
}

TEST_F(VerbsTest, FortyUpdatesDoNotSaturateThePriorities) {
  for (int i = 0; i < 40; ++i) {
    Stage();
    ASSERT_TRUE(backend_.Activate(staged_, {}).has_value());
    const auto target = boot::OtherSlot(machine_.booted.slot);
    EXPECT_EQ(machine_.Attributes(target), (SlotAttributes{2, 3, false}));
    machine_.table.SetAttributes(target, {2, 2, false});
    machine_.booted.slot = target;
    ASSERT_TRUE(backend_.Confirm().has_value());
    EXPECT_EQ(machine_.Attributes(target), (SlotAttributes{2, 0, true}));
    EXPECT_EQ(machine_.Attributes(boot::OtherSlot(target)), (SlotAttributes{1, 0, true}));
  }
}

TEST_F(VerbsTest, FactsAreWhatTheDiskSays) {
  const auto facts = backend_.GetFacts();
  ASSERT_TRUE(facts.has_value()) << facts.error().message;
  EXPECT_EQ(facts->boot_id, "boot-1");
  ASSERT_EQ(facts->targets.size(), 2u);
  const auto& a = facts->targets[0];
  EXPECT_EQ(a.name, "slot-a");
  EXPECT_TRUE(a.running && a.next && a.bootable && a.successful);
  EXPECT_EQ(a.version, "1.9");
  EXPECT_EQ(a.size_bytes, kSlotBytes);
  const auto& b = facts->targets[1];
  EXPECT_EQ(b.name, "slot-b");
  EXPECT_FALSE(b.running);
  EXPECT_EQ(b.version, "1.8") << "from its own kernel section";
  EXPECT_EQ(b.priority, 1);
}

TEST_F(VerbsTest, AnEmptySlotIsAFact) {
  machine_.disk.Put(machine_.SlotStart(Slot::kB), std::vector<uint8_t>(4096));
  EXPECT_EQ(machine_.Target("slot-b").name, "slot-b");
  EXPECT_EQ(machine_.Target("slot-b").version, "");
}

}  // namespace
}  // namespace matic::ab
