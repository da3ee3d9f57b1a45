#include "agent/deadline/running_slot.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <fstream>

#include "boot/policy/slot.h"

namespace matic::deadline {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kSlotB = "A1B2C3D4-0000-4000-8000-00000000000B";

std::string AsVariable(std::string_view text) {
  std::string content("\x06\0\0\0", 4);
  for (char c : text) content += {c, '\0'};
  return content + std::string(2, '\0');
}

// A machine with one disk, vda, on which slot-b is on trial and slot-a confirmed; no root mounted
// yet.
class RunningSlotTest : public testing::Test {
 protected:
  void SetUp() override {
    fs::create_directories(folder_ / "dev");
    fs::create_directories(folder_ / "sys/class/block/vda");
    fs::create_directories(folder_ / "sys/class/block/vda3");
    std::ofstream(folder_ / "sys/class/block/vda3/partition") << "3\n";
    fs::create_directories(folder_ / "sys/firmware/efi/efivars");
    MakeDisk("vda");
    places_ = {.partition = {}, .root = "/proc", .sys = folder_ / "sys", .dev = folder_ / "dev"};
  }
  void TearDown() override { fs::remove_all(folder_); }

  void MakeDisk(const std::string& name) {
    const fs::path disk = folder_ / "dev" / name;
    std::ofstream(disk).close();
    fs::resize_file(disk, 8u << 20);
    const std::string root(boot::kRootTypeText);
    std::ofstream(folder_ / "layout")
        << "label: gpt\n"
        << "size=1MiB, type=" << boot::kEspTypeText << ", name=esp\n"
        << "size=1MiB, type=" << root << ", name=slot-a, attrs=\"GUID:48,56\"\n"
        << "size=1MiB, type=" << root << ", name=slot-b, uuid=" << kSlotB
        << ", attrs=\"GUID:49,53\"\n";
    const std::string command =
        "PATH=$PATH:/usr/sbin:/sbin sfdisk -q --no-reread --no-tell-kernel " + disk.string() +
        " <" + (folder_ / "layout").string();
    ASSERT_EQ(std::system(command.c_str()), 0) << command;
  }

  void WriteVariable(const std::string& content) {
    std::ofstream(folder_ /
                      "sys/firmware/efi/efivars/"
                      "LoaderDevicePartUUID-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f",
                  std::ios::binary)
        << content;
  }
  void SetVariable(std::string_view text) { WriteVariable(AsVariable(text)); }

  void Overwrite(int64_t sector_from_start, int64_t sectors) {
    std::fstream disk(folder_ / "dev/vda", std::ios::in | std::ios::out | std::ios::binary);
    disk.seekp(sector_from_start * 512);
    disk << std::string(static_cast<size_t>(sectors * 512), 'x');
  }

  const fs::path folder_ =
      fs::path(testing::TempDir()) / ("running-slot-" + std::to_string(getpid()));
  Places places_;
};

TEST_F(RunningSlotTest, TheSelectorsVariableNamesTheSlot) {
  SetVariable(kSlotB);
  const auto slot = FindRunningSlot(places_);
  ASSERT_TRUE(slot) << slot.error().message;
  EXPECT_EQ(slot->name, "slot-b");
  EXPECT_EQ(ReadSlot(*slot), Reading::kOnTrial);
}

TEST_F(RunningSlotTest, WithoutTheVariableOrTheDiskNothingIsFound) {
  EXPECT_EQ(FindRunningSlot(places_).error().code, ErrorCode::kNotFound);
  SetVariable("A1B2C3D4-0000-4000-8000-0000000000FF");
  EXPECT_EQ(FindRunningSlot(places_).error().code, ErrorCode::kNotFound);
}

TEST_F(RunningSlotTest, AClonedDiskLeavesNoAnswer) {
  fs::create_directories(folder_ / "sys/class/block/vdb");
  MakeDisk("vdb");
  SetVariable(kSlotB);
  EXPECT_EQ(FindRunningSlot(places_).error().code, ErrorCode::kRefused);
}

TEST_F(RunningSlotTest, TheBackupCountsWhereThePrimaryIsDamaged) {
  SetVariable(kSlotB);
  const auto slot = FindRunningSlot(places_);
  ASSERT_TRUE(slot);
  Overwrite(1, 33);
  EXPECT_EQ(ReadSlot(*slot), Reading::kOnTrial);
  Overwrite((8 << 20) / 512 - 1, 1);
  EXPECT_EQ(ReadSlot(*slot), Reading::kNoTable);
}

TEST_F(RunningSlotTest, ADiskThatShrankToNothingIsUnreadable) {
  SetVariable(kSlotB);
  const auto slot = FindRunningSlot(places_);
  ASSERT_TRUE(slot);
  fs::resize_file(folder_ / "dev/vda", 0);
  EXPECT_EQ(ReadSlot(*slot), Reading::kUnreadable);
}

TEST_F(RunningSlotTest, AVariableThatHoldsNoGuidNamesNothing) {
  for (const std::string& content :
       {std::string(), std::string("\x06\0\0\0", 4), AsVariable("A1B2C3D4"), std::string(76, 'A'),
        AsVariable(kSlotB).substr(0, 40)}) {
    WriteVariable(content);
    const auto slot = FindRunningSlot(places_);
    ASSERT_FALSE(slot);
    EXPECT_EQ(slot.error().code, ErrorCode::kNotFound);
    EXPECT_NE(slot.error().message.find("LoaderDevicePartUUID"), std::string::npos);
  }
}

// As those behind some RAID controllers: /dev/cciss/c0d0, which sysfs calls cciss!c0d0.
TEST_F(RunningSlotTest, ADiskMayBeInAFolderOfDev) {
  fs::remove_all(folder_ / "sys/class/block");
  fs::create_directories(folder_ / "sys/class/block/cciss!c0d0");
  fs::create_directories(folder_ / "dev/cciss");
  fs::rename(folder_ / "dev/vda", folder_ / "dev/cciss/c0d0");
  SetVariable(kSlotB);
  const auto slot = FindRunningSlot(places_);
  ASSERT_TRUE(slot) << slot.error().message;
  EXPECT_EQ(slot->name, "slot-b");
}

TEST_F(RunningSlotTest, ThePartitionThatWasNamedMayBeOnSuchADisk) {
  fs::create_directories(folder_ / "dev/cciss");
  fs::rename(folder_ / "dev/vda", folder_ / "dev/cciss/c0d0");
  const fs::path partition = folder_ / "sys/devices/pci0/block/cciss!c0d0/cciss!c0d0p3";
  fs::create_directories(partition);
  std::ofstream(partition / "partition") << "3\n";
  fs::create_directories(folder_ / "sys/dev/block");
  // Its device numbers are those of /dev/null, which every machine has.
  fs::create_symlink(partition, folder_ / "sys/dev/block/1:3");
  places_.partition = "/dev/null";
  const auto slot = FindRunningSlot(places_);
  ASSERT_TRUE(slot) << slot.error().message;
  EXPECT_EQ(slot->name, "slot-b");
}

}  // namespace
}  // namespace matic::deadline
