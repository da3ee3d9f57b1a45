#include "boot/policy/gpt_copy.h"

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "boot/policy/little_endian.h"
#include "tests/fakes/gpt_builder.h"

namespace matic::boot {
namespace {

using fakes::DiskBytes;
using fakes::GptBuilder;

constexpr fakes::GptSlots kFactory = {{1, 0, true}, {0, 0, false}};

// Reads one copy as the selector does.
std::unique_ptr<GptCopy> ReadCopy(const DiskBytes& disk, const DiskGeometry& geometry,
                                  GptCopyKind kind) {
  auto copy = std::make_unique<GptCopy>();
  const auto read = [&](uint64_t lba, std::span<uint8_t> into) {
    ASSERT_LE((lba * geometry.sector_bytes) + into.size(), disk.size());
    std::copy_n(disk.begin() + static_cast<ptrdiff_t>(lba * geometry.sector_bytes), into.size(),
                into.begin());
  };
  const uint64_t lba = kind == GptCopyKind::kPrimary ? 1 : geometry.last_lba();
  read(lba, copy->header_sector(geometry));
  if (copy->ParseHeader(geometry, kind, lba) != GptError::kNone) return copy;
  read(copy->entries_lba(), copy->entries_sectors());
  copy->ParseEntries();
  return copy;
}

class GptCopies : public testing::TestWithParam<uint32_t> {
 protected:
  GptBuilder builder_ = GptBuilder(GetParam()).AddStandard(kFactory);
  const DiskGeometry geometry_ = builder_.geometry();
  DiskBytes disk_ = builder_.Build();
};

INSTANTIATE_TEST_SUITE_P(SectorBytes, GptCopies, testing::Values(512, 4096));

TEST_P(GptCopies, BothOfAGoodDiskAreValid) {
  for (GptCopyKind kind : {GptCopyKind::kPrimary, GptCopyKind::kBackup}) {
    const auto copy = ReadCopy(disk_, geometry_, kind);
    ASSERT_TRUE(copy->valid()) << DescribeGptError(copy->error());
    ASSERT_EQ(copy->partitions().size(), 4u);
    EXPECT_EQ(copy->partitions()[1], builder_.partition("slot-a"));
  }
}

TEST_P(GptCopies, AChangeIsWhatIsReadAfterwards) {
  const auto copy = ReadCopy(disk_, geometry_, GptCopyKind::kPrimary);
  EXPECT_FALSE(copy->changed());
  copy->SetAttributes(3, EncodeSlotAttributes({2, 3, false}, kReadOnlyBit));
  ASSERT_TRUE(copy->changed());
  const TableWrites writes = copy->Writes();
  EXPECT_FALSE(copy->changed());
  EXPECT_EQ(writes[0].bytes.size(), geometry_.sector_bytes) << "only the sector of the entry";
  EXPECT_EQ(writes[1].lba, 1u) << "the header comes last";
  for (const SectorWrite& write : writes) {
    EXPECT_TRUE(write.flush);
    std::copy(write.bytes.begin(), write.bytes.end(),
              disk_.begin() + static_cast<ptrdiff_t>(write.lba * geometry_.sector_bytes));
  }
  const auto again = ReadCopy(disk_, geometry_, GptCopyKind::kPrimary);
  ASSERT_TRUE(again->valid());
  EXPECT_EQ(DecodeSlotAttributes(again->partitions()[2].attributes), (SlotAttributes{2, 3, false}));
  EXPECT_EQ(again->partitions()[1], builder_.partition("slot-a"));
}

TEST_P(GptCopies, EachIsRestoredFromTheOtherToTheSameBytes) {
  for (GptCopyKind kind : {GptCopyKind::kPrimary, GptCopyKind::kBackup}) {
    const bool primary = kind == GptCopyKind::kPrimary;
    const auto source =
        ReadCopy(disk_, geometry_, primary ? GptCopyKind::kBackup : GptCopyKind::kPrimary);
    const auto copy = std::make_unique<GptCopy>();
    ASSERT_TRUE(copy->RestoreFrom(*source));
    DiskBytes damaged = disk_;
    const uint64_t sector = geometry_.sector_bytes;
    const uint64_t first = primary ? 1 : fakes::BackupEntriesLba(geometry_);
    const uint64_t count = fakes::EntriesSectors(geometry_) + 1;
    std::fill_n(damaged.begin() + static_cast<ptrdiff_t>(first * sector), count * sector,
                uint8_t{0x5a});
    for (const SectorWrite& write : copy->Writes()) {
      std::copy(write.bytes.begin(), write.bytes.end(),
                damaged.begin() + static_cast<ptrdiff_t>(write.lba * sector));
    }
    EXPECT_EQ(damaged, disk_);
  }
}

struct HeaderDamage {
  const char* name;
  size_t offset;
  std::vector<uint8_t> (*bytes)(const DiskGeometry&);
  GptError primary;
  GptError backup;
};

std::vector<uint8_t> Number64(uint64_t value) {
  std::vector<uint8_t> bytes(8);
  Store64(bytes, 0, value);
  return bytes;
}
std::vector<uint8_t> Number32(uint32_t value) {
  std::vector<uint8_t> bytes(4);
  Store32(bytes, 0, value);
  return bytes;
}

const HeaderDamage kHeaderDamage[] = {
    {"signature", 0, [](const DiskGeometry&) { return Number64(0); }, GptError::kSignature,
     GptError::kSignature},
    {"revision", 8, [](const DiskGeometry&) { return Number32(0x00020000); }, GptError::kSignature,
     GptError::kSignature},
    {"my_lba", 24, [](const DiskGeometry&) { return Number64(7); }, GptError::kWrongPlace,
     GptError::kWrongPlace},
    {"alternate_is_itself", 32, [](const DiskGeometry& d) { return Number64(d.last_lba() + 1); },
     GptError::kWrongPlace, GptError::kWrongPlace},
    {"alternate_in_a_partition", 32, [](const DiskGeometry&) { return Number64(60); },
     GptError::kWrongPlace, GptError::kWrongPlace},
    {"first_usable_over_the_header", 40, [](const DiskGeometry&) { return Number64(1); },
     GptError::kUsableRange, GptError::kUsableRange},
    {"last_usable_beyond_the_disk", 48, [](const DiskGeometry&) { return Number64(UINT64_MAX); },
     GptError::kUsableRange, GptError::kUsableRange},
    {"last_usable_before_first", 48, [](const DiskGeometry&) { return Number64(2); },
     GptError::kUsableRange, GptError::kUsableRange},
    {"usable_range_without_the_partitions", 48,
     [](const DiskGeometry& d) { return Number64(2 + fakes::EntriesSectors(d)); },
     GptError::kPartitionOutside, GptError::kPartitionOutside},
    {"entries_in_the_partitions", 72, [](const DiskGeometry&) { return Number64(100); },
     GptError::kEntriesOutside, GptError::kEntriesOutside},
    {"entries_beyond_the_disk", 72, [](const DiskGeometry&) { return Number64(UINT64_MAX); },
     GptError::kEntriesOutside, GptError::kEntriesOutside},
    {"entries_over_the_header", 72, [](const DiskGeometry&) { return Number64(1); },
     GptError::kEntriesOutside, GptError::kEntriesOutside},
    {"no_entries", 80, [](const DiskGeometry&) { return Number32(0); }, GptError::kEntryLayout,
     GptError::kEntryLayout},
    {"too_many_entries", 80, [](const DiskGeometry&) { return Number32(UINT32_MAX); },
     GptError::kEntryLayout, GptError::kEntryLayout},
    {"entries_reach_into_the_partitions", 80, [](const DiskGeometry&) { return Number32(512); },
     GptError::kEntriesOutside, GptError::kEntriesOutside},
    {"entry_size_small", 84, [](const DiskGeometry&) { return Number32(64); },
     GptError::kEntryLayout, GptError::kEntryLayout},
    {"entry_size_odd", 84, [](const DiskGeometry&) { return Number32(129); },
     GptError::kEntryLayout, GptError::kEntryLayout},
    {"entry_size_huge", 84, [](const DiskGeometry&) { return Number32(0x80000000); },
     GptError::kEntryLayout, GptError::kEntryLayout},
};

TEST_P(GptCopies, EachBadValueOfAHeaderIsRefusedThoughItsChecksumMatches) {
  for (const HeaderDamage& damage : kHeaderDamage) {
    for (GptCopyKind kind : {GptCopyKind::kPrimary, GptCopyKind::kBackup}) {
      const bool primary = kind == GptCopyKind::kPrimary;
      DiskBytes disk = disk_;
      fakes::PatchHeader(disk, geometry_, primary ? 1 : geometry_.last_lba(), damage.offset,
                         damage.bytes(geometry_));
      const auto copy = ReadCopy(disk, geometry_, kind);
      EXPECT_EQ(copy->error(), primary ? damage.primary : damage.backup)
          << damage.name << ": " << DescribeGptError(copy->error());
    }
  }
}

TEST_P(GptCopies, HeaderSizeIsBoundedBeforeTheChecksum) {
  for (uint32_t bytes : {0u, 91u, GetParam() + 1, UINT32_MAX}) {
    DiskBytes disk = disk_;
    fakes::PatchHeader(disk, geometry_, 1, 12, Number32(bytes));
    EXPECT_EQ(ReadCopy(disk, geometry_, GptCopyKind::kPrimary)->error(), GptError::kHeaderSize);
  }
}

TEST_P(GptCopies, EveryFlippedBitOfHeaderOrEntriesIsNoticed) {
  const size_t sector = geometry_.sector_bytes;
  for (size_t at = 0; at < 92; ++at) {
    DiskBytes disk = disk_;
    disk[sector + at] ^= 0x40;
    EXPECT_FALSE(ReadCopy(disk, geometry_, GptCopyKind::kPrimary)->valid()) << "header byte " << at;
    EXPECT_TRUE(ReadCopy(disk, geometry_, GptCopyKind::kBackup)->valid());
  }
  for (size_t at = 0; at < 128 * 128; at += 61) {
    DiskBytes disk = disk_;
    disk[2 * sector + at] ^= 0x01;
    EXPECT_EQ(ReadCopy(disk, geometry_, GptCopyKind::kPrimary)->error(),
              GptError::kEntriesChecksum);
  }
}

TEST_P(GptCopies, ACopyBeyondAShrunkenDiskIsRefused) {
  DiskGeometry smaller = geometry_;
  smaller.sectors /= 2;
  EXPECT_EQ(ReadCopy(disk_, smaller, GptCopyKind::kPrimary)->error(), GptError::kUsableRange);
}

TEST(GptCopy, IsNotRestoredWhereThereIsNoRoom) {
  // Given a valid primary whose last usable sector is right before the backup's header.
  GptBuilder builder = GptBuilder().AddStandard(kFactory);
  const DiskGeometry geometry = builder.geometry();
  DiskBytes disk = builder.Build();
  fakes::PatchHeader(disk, geometry, 1, 48, Number64(geometry.last_lba() - 1));
  const auto primary = ReadCopy(disk, geometry, GptCopyKind::kPrimary);
  ASSERT_TRUE(primary->valid());
  const auto backup = std::make_unique<GptCopy>();
  EXPECT_FALSE(backup->RestoreFrom(*primary));
  EXPECT_FALSE(backup->valid());
}

}  // namespace
}  // namespace matic::boot
