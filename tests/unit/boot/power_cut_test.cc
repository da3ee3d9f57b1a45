// The power goes while the selector writes: whatever part of its writes is on the disk, and in
// whatever order they came there, the next start starts something sensible.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/unit/boot/memory_machine.h"

namespace matic::boot {
namespace {

using fakes::DiskBytes;
using fakes::GptBuilder;

constexpr fakes::GptSlots kTrialOfB = {{1, 0, true}, {2, 3, false}};

enum class Before { kBothValid, kPrimaryDamaged, kBackupDamaged };
enum class Kernel { kStarts, kReturns };

struct CutCase {
  const char* name;
  Before before;
  Kernel kernel;
};

class PowerCut : public testing::TestWithParam<CutCase> {
 protected:
  void SetUp() override {
    disk_ = DiskWithImages(builder_);
    const size_t sector = builder_.geometry().sector_bytes;
    if (GetParam().before == Before::kPrimaryDamaged) {
      std::fill_n(disk_.begin() + static_cast<ptrdiff_t>(sector), 33 * sector, uint8_t{0x5a});
    }
    if (GetParam().before == Before::kBackupDamaged) {
      std::fill_n(disk_.end() - static_cast<ptrdiff_t>(33 * sector), 33 * sector, uint8_t{0x5a});
    }
    MemoryMachine machine(disk_, builder_.geometry());
    if (GetParam().kernel == Kernel::kReturns) machine.answers[Slot::kB] = Outcome::kReturned;
    machine.Boot();
    ASSERT_FALSE(machine.written.empty());
    written_ = machine.written;
  }

  static void Apply(DiskBytes& disk, const WrittenSector& sector, size_t bytes) {
    const size_t at = sector.lba * sector.bytes.size();
    std::copy_n(sector.bytes.begin(), bytes, disk.begin() + static_cast<ptrdiff_t>(at));
  }

  // The next start, and those after it until B's tries are used up, each with a whole disk.
  void ExpectSensible(const DiskBytes& disk, const std::string& cut) {
    SCOPED_TRACE(cut);
    MemoryMachine machine(disk, builder_.geometry());
    ASSERT_TRUE(machine.Boot());
    ASSERT_EQ(machine.reads_outside, 0);
    ASSERT_FALSE(machine.started->last_resort);
    EXPECT_FALSE(machine.Wrote(GptCopyKind::kPrimary) && machine.Wrote(GptCopyKind::kBackup));
    int starts_of_b = 0;
    for (; machine.started->slot == Slot::kB; ++starts_of_b) {
      ASSERT_LE(machine.started->attributes.tries, 3);
      ASSERT_LT(starts_of_b, 4) << "three tries, and one start that restored the backup";
      ASSERT_TRUE(machine.Boot());
    }
    // The way back stays open, as it was.
    EXPECT_EQ(machine.started->attributes, kTrialOfB.a);
    EXPECT_EQ(machine.InPrimary(Slot::kA), kTrialOfB.a);
  }

  GptBuilder builder_ = GptBuilder(512, 256 * 1024).AddStandard(kTrialOfB, 32 * 1024);
  DiskBytes disk_;
  std::vector<WrittenSector> written_;
};

INSTANTIATE_TEST_SUITE_P(
    All, PowerCut,
    testing::Values(CutCase{"try", Before::kBothValid, Kernel::kStarts},
                    CutCase{"refusal", Before::kBothValid, Kernel::kReturns},
                    CutCase{"primary_restored", Before::kPrimaryDamaged, Kernel::kStarts},
                    CutCase{"primary_restored_and_refusal", Before::kPrimaryDamaged,
                            Kernel::kReturns},
                    CutCase{"backup_restored", Before::kBackupDamaged, Kernel::kStarts}),
    [](const auto& test) { return std::string(test.param.name); });

TEST_P(PowerCut, AfterEachSector) {
  for (size_t kept = 0; kept <= written_.size(); ++kept) {
    DiskBytes disk = disk_;
    for (size_t i = 0; i < kept; ++i) Apply(disk, written_[i], written_[i].bytes.size());
    ExpectSensible(disk, std::to_string(kept) + " sectors kept");
  }
}

TEST_P(PowerCut, InTheMiddleOfASector) {
  for (size_t torn = 0; torn < written_.size(); ++torn) {
    DiskBytes disk = disk_;
    for (size_t i = 0; i < torn; ++i) Apply(disk, written_[i], written_[i].bytes.size());
    Apply(disk, written_[torn], 20);  // a header's checksum is behind them
    ExpectSensible(disk, "sector " + std::to_string(torn) + " torn");
  }
}

// Firmware whose flush does nothing lets the device reorder.
TEST_P(PowerCut, WithOneSectorMissingOrAlone) {
  for (size_t chosen = 0; chosen < written_.size(); ++chosen) {
    DiskBytes missing = disk_;
    for (size_t i = 0; i < written_.size(); ++i) {
      if (i != chosen) Apply(missing, written_[i], written_[i].bytes.size());
    }
    ExpectSensible(missing, "all but sector " + std::to_string(chosen));
    DiskBytes alone = disk_;
    Apply(alone, written_[chosen], written_[chosen].bytes.size());
    ExpectSensible(alone, "only sector " + std::to_string(chosen));
  }
}

TEST_P(PowerCut, InTheBootAfterAPowerCut) {
  for (size_t kept = 0; kept <= written_.size(); kept += 3) {
    DiskBytes disk = disk_;
    for (size_t i = 0; i < kept; ++i) Apply(disk, written_[i], written_[i].bytes.size());
    MemoryMachine second(disk, builder_.geometry());
    ASSERT_TRUE(second.Boot());
    for (size_t again = 0; again <= second.written.size(); again += 5) {
      DiskBytes twice = disk;
      for (size_t i = 0; i < again; ++i) {
        Apply(twice, second.written[i], second.written[i].bytes.size());
      }
      ExpectSensible(twice, std::to_string(kept) + " sectors, then " + std::to_string(again));
    }
  }
}

}  // namespace
}  // namespace matic::boot
