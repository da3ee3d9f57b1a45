// Starts of a machine, told as scenarios: given a disk, when it is started, then.
#include "boot/policy/selector.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "boot/policy/little_endian.h"
#include "tests/unit/boot/memory_machine.h"

namespace matic::boot {
namespace {

using fakes::GptBuilder;
using fakes::GptSlots;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr SlotAttributes kSuccessfulA = {1, 0, true};
constexpr GptSlots kTrialOfB = {kSuccessfulA, {2, 3, false}};

// A machine with the standard disk, images in both slots.
struct Scenario {
  explicit Scenario(const GptSlots& slots, uint32_t sector_bytes = 512)
      : builder(GptBuilder(sector_bytes).AddStandard(slots)),
        geometry(builder.geometry()),
        machine(DiskWithImages(builder), geometry) {}

  void DamageSector(uint64_t lba) { machine.disk[lba * geometry.sector_bytes + 90] ^= 0xff; }
  void DamagePrimary() { DamageSector(1); }
  void DamageBackup() { DamageSector(geometry.last_lba()); }
  void DamageKernel(Slot slot) {
    // The kernel of a small image is behind 12288 bytes of squashfs and the section table.
    const uint64_t start = builder.partition(SlotName(slot)).first_lba * geometry.sector_bytes;
    machine.disk[start + 12288 + 4096 + 1000] ^= 1;
  }
  void EraseSlot(Slot slot) {
    fakes::PutAt(machine.disk, geometry, builder.partition(SlotName(slot)),
                 std::vector<uint8_t>(4096));
  }

  GptBuilder builder;
  DiskGeometry geometry;
  MemoryMachine machine;
};

class EachSectorSize : public testing::TestWithParam<uint32_t> {};
INSTANTIATE_TEST_SUITE_P(SectorBytes, EachSectorSize, testing::Values(512, 4096));

TEST_P(EachSectorSize, ASuccessfulSlotIsStartedWithoutAWrite) {
  Scenario given({kSuccessfulA, {0, 0, false}}, GetParam());
  ASSERT_TRUE(given.machine.Boot());
  EXPECT_EQ(given.machine.started->slot, Slot::kA);
  EXPECT_FALSE(given.machine.started->needs_hand_over);
  EXPECT_THAT(given.machine.written, IsEmpty());
  EXPECT_THAT(given.machine.lines,
              ElementsAre("matic-boot: starting slot-a (priority 1, successful)"));
}

TEST_P(EachSectorSize, ATryIsTakenInThePrimaryBeforeTheStart) {
  Scenario given(kTrialOfB, GetParam());
  ASSERT_TRUE(given.machine.Boot());
  EXPECT_EQ(given.machine.started->slot, Slot::kB);
  EXPECT_TRUE(given.machine.started->needs_hand_over);
  EXPECT_EQ(given.machine.InPrimary(Slot::kB), (SlotAttributes{2, 2, false}));
  EXPECT_EQ(given.machine.InBackup(Slot::kB), (SlotAttributes{2, 3, false}));
  EXPECT_EQ(given.machine.written_before_start, 2u) << "one sector of entries, one header";
  EXPECT_EQ(given.machine.flushes, 3) << "before the first, and after each";
  EXPECT_THAT(given.machine.lines,
              ElementsAre("matic-boot: starting slot-b (priority 2, tries left 2, on trial)"));
}

TEST_P(EachSectorSize, ASlotThatNeverConfirmsIsLeftAfterItsTries) {
  Scenario given(kTrialOfB, GetParam());
  std::vector<Slot> started;
  for (int boot = 0; boot < 5; ++boot) {
    ASSERT_TRUE(given.machine.Boot());
    started.push_back(given.machine.started->slot);
  }
  EXPECT_THAT(started, ElementsAre(Slot::kB, Slot::kB, Slot::kB, Slot::kA, Slot::kA));
  EXPECT_EQ(given.machine.InPrimary(Slot::kB), (SlotAttributes{2, 0, false}));
}

TEST_P(EachSectorSize, ADamagedPrimaryIsRestoredWithTheTryTaken) {
  Scenario given(kTrialOfB, GetParam());
  given.DamagePrimary();
  ASSERT_TRUE(given.machine.Boot());
  EXPECT_EQ(given.machine.started->slot, Slot::kB);
  EXPECT_EQ(given.machine.InPrimary(Slot::kB), (SlotAttributes{2, 2, false}));
  EXPECT_FALSE(given.machine.Wrote(GptCopyKind::kBackup));
  EXPECT_THAT(given.machine.lines[0], HasSubstr("the primary copy is damaged"));
  // And the next start finds nothing to restore.
  given.machine.lines.clear();
  ASSERT_TRUE(given.machine.Boot());
  EXPECT_THAT(given.machine.lines,
              ElementsAre("matic-boot: starting slot-b (priority 2, tries left 1, on trial)"));
}

TEST_P(EachSectorSize, ADamagedBackupIsRestoredUnchangedAndTheTrialIsNotCounted) {
  Scenario given(kTrialOfB, GetParam());
  const fakes::DiskBytes before = given.machine.disk;
  given.DamageBackup();
  ASSERT_TRUE(given.machine.Boot());
  EXPECT_EQ(given.machine.started->slot, Slot::kB);
  EXPECT_EQ(given.machine.disk, before);
  EXPECT_FALSE(given.machine.Wrote(GptCopyKind::kPrimary));
  EXPECT_THAT(given.machine.lines.back(), HasSubstr("tries left 3, on trial, not counted"));
  ASSERT_TRUE(given.machine.Boot());
  EXPECT_EQ(given.machine.InPrimary(Slot::kB), (SlotAttributes{2, 2, false}));
}

TEST(Selector, RestoresADamagedCopyWithoutATrialToo) {
  Scenario given({kSuccessfulA, {0, 0, false}});
  const fakes::DiskBytes before = given.machine.disk;
  given.DamagePrimary();
  ASSERT_TRUE(given.machine.Boot());
  EXPECT_EQ(given.machine.disk, before);
  given.DamageBackup();
  ASSERT_TRUE(given.machine.Boot());
  EXPECT_EQ(given.machine.disk, before);
}

TEST(Selector, StartsNoTrialWhereTheBackupCannotBeRestored) {
  Scenario given(kTrialOfB);
  given.DamageBackup();
  given.machine.writes_until_failure = 0;
  ASSERT_TRUE(given.machine.Boot());
  EXPECT_EQ(given.machine.started->slot, Slot::kA);
}

TEST(Selector, StartsNoTrialWhereThePrimaryCannotBeRestored) {
  Scenario given(kTrialOfB);
  given.DamagePrimary();
  given.machine.writes_until_failure = 5;
  ASSERT_TRUE(given.machine.Boot());
  EXPECT_EQ(given.machine.started->slot, Slot::kA);
  EXPECT_FALSE(given.machine.Wrote(GptCopyKind::kBackup));
}

TEST(Selector, StartsOnlySuccessfulSlotsWhereATryCannotBeWritten) {
  for (size_t sectors : {size_t{0}, size_t{1}}) {
    Scenario given(kTrialOfB);
    given.machine.writes_until_failure = sectors;
    ASSERT_TRUE(given.machine.Boot());
    EXPECT_EQ(given.machine.started->slot, Slot::kA);
    EXPECT_THAT(given.machine.lines[0], HasSubstr("cannot be written"));
  }
}

TEST(Selector, StartsOnlySuccessfulSlotsWhereAFlushFails) {
  Scenario given(kTrialOfB);
  given.machine.flush_fails = true;
  ASSERT_TRUE(given.machine.Boot());
  EXPECT_EQ(given.machine.started->slot, Slot::kA);
}

TEST(Selector, BelievesNoDeviceThatForgetsWhatItWrote) {
  Scenario given(kTrialOfB);
  given.machine.forgets_writes = true;
  ASSERT_TRUE(given.machine.Boot());
  EXPECT_EQ(given.machine.started->slot, Slot::kA);
}

TEST(Selector, StartsATrialAsALastResortWhereNothingElseIsLeft) {
  Scenario given(kTrialOfB);
  given.machine.writes_until_failure = 0;
  given.DamageKernel(Slot::kA);
  ASSERT_TRUE(given.machine.Boot());
  EXPECT_EQ(given.machine.started->slot, Slot::kB);
  EXPECT_TRUE(given.machine.started->last_resort);
}

TEST(Selector, RefusesADamagedKernelForGoodAndStartsTheNextSlot) {
  Scenario given(kTrialOfB);
  given.DamageKernel(Slot::kB);
  ASSERT_TRUE(given.machine.Boot());
  EXPECT_EQ(given.machine.started->slot, Slot::kA);
  EXPECT_EQ(given.machine.InPrimary(Slot::kB), kUnbootable);
  EXPECT_FALSE(given.machine.Wrote(GptCopyKind::kBackup)) << "one copy a boot";
  EXPECT_THAT(given.machine.lines,
              ElementsAre("matic-boot: slot-b refused: its kernel does not match the section "
                          "table's SHA-256",
                          "matic-boot: starting slot-a (priority 1, successful)"));
  given.machine.loads.clear();
  ASSERT_TRUE(given.machine.Boot());
  EXPECT_THAT(given.machine.loads, ElementsAre(Slot::kA)) << "not tried again";
}

TEST(Selector, KeepsASuccessfulSlotThatCannotBeLoaded) {
  Scenario given({{2, 0, true}, {1, 0, true}});
  given.DamageKernel(Slot::kA);
  const fakes::DiskBytes before = given.machine.disk;
  ASSERT_TRUE(given.machine.Boot());
  EXPECT_EQ(given.machine.started->slot, Slot::kB);
  EXPECT_EQ(given.machine.disk, before);
}

TEST(Selector, RecordsARefusalAndTheNextTrialsTryInOneChangeOfOneCopy) {
  Scenario given({{1, 2, false}, {2, 3, false}});
  given.machine.answers[Slot::kB] = Outcome::kReturned;
  ASSERT_TRUE(given.machine.Boot());
  EXPECT_EQ(given.machine.started->slot, Slot::kA);
  EXPECT_EQ(given.machine.InPrimary(Slot::kB), kUnbootable);
  EXPECT_EQ(given.machine.InPrimary(Slot::kA), (SlotAttributes{1, 1, false}));
  EXPECT_FALSE(given.machine.Wrote(GptCopyKind::kBackup));
  EXPECT_EQ(given.machine.written.size(), 4u) << "B's try, then B's refusal with A's try";
}

TEST(Selector, RecordsNoRefusalInTheBootThatRestoredTheBackup) {
  Scenario given(kTrialOfB);
  const fakes::DiskBytes before = given.machine.disk;
  given.DamageBackup();
  given.machine.answers[Slot::kB] = Outcome::kReturned;
  ASSERT_TRUE(given.machine.Boot());
  EXPECT_EQ(given.machine.started->slot, Slot::kA);
  EXPECT_EQ(given.machine.disk, before);
  ASSERT_TRUE(given.machine.Boot());
  EXPECT_EQ(given.machine.InPrimary(Slot::kB), kUnbootable);
}

TEST(Selector, ARefusalThatCannotBeWrittenHoldsForThisBoot) {
  Scenario given(kTrialOfB);
  given.machine.writes_until_failure = 2;  // the try, not the refusal
  given.machine.answers[Slot::kB] = Outcome::kNotLoadable;
  ASSERT_TRUE(given.machine.Boot());
  EXPECT_EQ(given.machine.started->slot, Slot::kA);
  EXPECT_THAT(given.machine.loads, ElementsAre(Slot::kB, Slot::kA));
}

TEST(Selector, AKernelThatTheFirmwareDoesNotTrustLeavesTheOtherSlot) {
  Scenario given(kTrialOfB);
  given.machine.answers[Slot::kB] = Outcome::kNotTrusted;
  ASSERT_TRUE(given.machine.Boot());
  EXPECT_EQ(given.machine.started->slot, Slot::kA);
  EXPECT_EQ(given.machine.InPrimary(Slot::kB), kUnbootable);
}

TEST(Selector, StartsNoTrialThatCannotBeToldWhichSlotItIs) {
  Scenario given(kTrialOfB);
  given.machine.answers[Slot::kB] = Outcome::kNotHandedOver;
  ASSERT_TRUE(given.machine.Boot());
  EXPECT_EQ(given.machine.started->slot, Slot::kA);
  EXPECT_EQ(given.machine.InPrimary(Slot::kB), (SlotAttributes{2, 2, false})) << "no verdict";
}

TEST(Selector, NeverAsksTwiceForASlotThatWantsNoHandOver) {
  Scenario given({kSuccessfulA, {0, 0, false}});
  given.machine.answers[Slot::kA] = Outcome::kNotHandedOver;
  given.machine.answers[Slot::kB] = Outcome::kNotHandedOver;
  EXPECT_FALSE(given.machine.Boot());
  EXPECT_THAT(given.machine.loads, ElementsAre(Slot::kA, Slot::kB));
}

TEST(Selector, LastResortGoesInPartitionOrderAndChangesNothing) {
  Scenario given({{0, 0, false}, {3, 0, false}});
  const fakes::DiskBytes before = given.machine.disk;
  given.machine.answers[Slot::kA] = Outcome::kReturned;
  ASSERT_TRUE(given.machine.Boot() || given.machine.started);
  EXPECT_THAT(given.machine.loads, ElementsAre(Slot::kA, Slot::kB));
  EXPECT_EQ(given.machine.started->slot, Slot::kB);
  EXPECT_TRUE(given.machine.started->last_resort);
  EXPECT_FALSE(given.machine.started->needs_hand_over);
  EXPECT_EQ(given.machine.disk, before);
  EXPECT_EQ(given.machine.lines.back(), "matic-boot: starting slot-b (last resort)");
}

TEST(Selector, LastResortSkipsASlotThatWasNotVerified) {
  Scenario given({{0, 0, false}, {0, 0, false}});
  given.EraseSlot(Slot::kA);  // as staging leaves it until the image was read back
  ASSERT_TRUE(given.machine.Boot());
  EXPECT_EQ(given.machine.started->slot, Slot::kB);
  EXPECT_THAT(given.machine.lines[0], HasSubstr("slot-a refused: it holds no image"));
}

TEST(Selector, GoesBackToTheFirmwareWhereNothingIsLeft) {
  Scenario given(kTrialOfB);
  given.EraseSlot(Slot::kA);
  given.EraseSlot(Slot::kB);
  EXPECT_FALSE(given.machine.Boot());
  EXPECT_EQ(given.machine.lines.back(), "matic-boot: nothing can be started: no slot is left");
  EXPECT_EQ(given.machine.InPrimary(Slot::kB), kUnbootable);
  EXPECT_EQ(given.machine.InPrimary(Slot::kA), kSuccessfulA);
}

TEST(Selector, TouchesNothingWhereBothCopiesAreDamaged) {
  Scenario given(kTrialOfB);
  given.DamagePrimary();
  given.DamageBackup();
  EXPECT_FALSE(given.machine.Boot());
  EXPECT_THAT(given.machine.written, IsEmpty());
  EXPECT_THAT(given.machine.lines,
              ElementsAre("matic-boot: nothing can be started: no valid partition table"));
}

TEST(Selector, ReadsNothingBeyondTheDiskAndSurvivesUnreadableSectors) {
  for (uint64_t lba : {uint64_t{1}, uint64_t{2}, uint64_t{20}}) {
    Scenario given(kTrialOfB);
    given.machine.unreadable.insert(lba);
    ASSERT_TRUE(given.machine.Boot());
    // The restored copy cannot be read back: nothing was recorded for sure.
    EXPECT_EQ(given.machine.started->slot, Slot::kA);
    EXPECT_EQ(given.machine.reads_outside, 0);
  }
}

TEST(Selector, AnUnreadableKernelIsRefused) {
  Scenario given(kTrialOfB);
  given.machine.unreadable.insert(given.builder.partition("slot-b").first_lba + 34);
  ASSERT_TRUE(given.machine.Boot());
  EXPECT_EQ(given.machine.started->slot, Slot::kA);
  EXPECT_THAT(given.machine.lines[0], HasSubstr("its kernel cannot be read"));
}

TEST(Selector, AnImageThatDoesNotFitItsSlotIsRefused) {
  Scenario given(kTrialOfB);
  std::vector<uint8_t> superblock(96);
  Store32(superblock, 0, 0x73717368);
  superblock[28] = 4;
  for (uint64_t bytes_used : {uint64_t{256 * 1024 - 4095}, uint64_t{1} << 40, UINT64_MAX}) {
    Store64(superblock, 40, bytes_used);
    fakes::PutAt(given.machine.disk, given.geometry, given.builder.partition("slot-b"), superblock);
    given.machine.lines.clear();
    ASSERT_TRUE(given.machine.Boot());
    EXPECT_EQ(given.machine.started->slot, Slot::kA);
    EXPECT_EQ(given.machine.reads_outside, 0);
  }
}

TEST(Selector, ASlotTooSmallForAnyImageIsRefused) {
  GptBuilder builder;
  builder.Add("slot-a", kRootType, 512, EncodeSlotAttributes({1, 0, true}, 0));
  MemoryMachine machine(builder.Build(), builder.geometry());
  EXPECT_FALSE(machine.Boot());
  EXPECT_THAT(machine.lines, testing::Contains(HasSubstr("it is too small for an image")));
}

TEST(Selector, SlotsThatShareAPartitionGuidAreRefused) {
  GptBuilder builder;
  const Guid same = kEspType;
  builder.Add("slot-a", kRootType, 65536, EncodeSlotAttributes({1, 0, true}, 0), same);
  builder.Add("slot-b", kRootType, 65536, EncodeSlotAttributes({2, 0, true}, 0), same);
  MemoryMachine machine(DiskWithImages(builder), builder.geometry());
  EXPECT_FALSE(machine.Boot());
  EXPECT_THAT(machine.lines[0], HasSubstr("partition GUID is missing or used twice"));
}

TEST(Selector, OneSlotAloneIsEnough) {
  GptBuilder builder;
  builder.Add("slot-b", kRootType, 65536, EncodeSlotAttributes({1, 0, true}, 0));
  fakes::DiskBytes disk = builder.Build();
  fakes::PutAt(disk, builder.geometry(), builder.partition("slot-b"), fakes::SmallImage("b"));
  MemoryMachine machine(disk, builder.geometry());
  ASSERT_TRUE(machine.Boot());
  EXPECT_EQ(machine.started->slot, Slot::kB);
}

TEST(Selector, TakesTheTryOnADiskThatGrewWithoutTouchingItsBackup) {
  GptBuilder builder = GptBuilder().AddStandard(kTrialOfB);
  fakes::DiskBytes disk = DiskWithImages(builder);
  DiskGeometry grown = builder.geometry();
  grown.sectors *= 2;
  disk.resize(disk.size() * 2);
  MemoryMachine machine(disk, grown);
  ASSERT_TRUE(machine.Boot());
  EXPECT_EQ(machine.started->slot, Slot::kB);
  EXPECT_EQ(machine.InPrimary(Slot::kB), (SlotAttributes{2, 2, false}));
  EXPECT_EQ(machine.written.size(), 2u);
}

TEST(Selector, FortyUpdatesNeverSaturateAPriority) {
  // What the agent writes when it activates and confirms; what the selector writes in between.
  GptSlots slots = {kSuccessfulA, kUnbootable};
  Slot running = Slot::kA;
  for (int update = 0; update < 40; ++update) {
    const Slot target = OtherSlot(running);
    SlotAttributes& from = running == Slot::kA ? slots.a : slots.b;
    SlotAttributes& to = running == Slot::kA ? slots.b : slots.a;
    from.priority = kRunningPriority;
    to = {kActivatedPriority, kDefaultTries, false};
    Scenario given(slots);
    ASSERT_TRUE(given.machine.Boot());
    ASSERT_EQ(given.machine.started->slot, target);
    ASSERT_EQ(given.machine.InPrimary(target).tries, kDefaultTries - 1);
    to = {kActivatedPriority, 0, true};
    running = target;
  }
}

TEST(Selector, RefusesADiskItDoesNotUnderstand) {
  MemoryMachine machine(fakes::DiskBytes(4096), {1024, 4});
  const auto selector = std::make_unique<Selector>(DiskGeometry{1024, 4});
  EXPECT_EQ(selector->First().kind, StepKind::kStop);
}

}  // namespace
}  // namespace matic::boot
