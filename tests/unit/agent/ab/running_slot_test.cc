#include "agent/ab/running_slot.h"

#include <gmock/gmock.h>

#include <fstream>

#include "agent/ab/booted_system.h"
#include "tests/fakes/fake_partition_table.h"

namespace matic::ab {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

constexpr char kPartUuidFile[] = "LoaderDevicePartUUID-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f";
constexpr char kSlotFile[] = "MaticSlot-7d1c3b4e-5f0a-4c1e-9c55-2b8f0a6d9e21";

// As the variable is in efivarfs: attributes, UTF-16, a zero at the end.
std::string Variable(std::string_view text) {
  std::string bytes("\x06\0\0\0", 4);
  for (const char c : text) bytes += {c, '\0'};
  return bytes + std::string(2, '\0');
}

// A /proc and a /sys of its own, where / is partition 2 (slot-a) of vda.
class RunningSlotTest : public testing::Test {
 protected:
  RunningSlotTest() {
    root_ = fs::path(testing::TempDir()) /
            ("running_slot_test." + std::to_string(getpid()) + "." +
             testing::UnitTest::GetInstance()->current_test_info()->name());
    folders_ = {root_ / "proc", root_ / "sys", root_ / "dev"};
    table_.device = (folders_.dev / "vda").string();
    Mount("254:2", "squashfs");
    AddPartition("vda", "vda2", "254:2", boot::Slot::kA);
    AddPartition("vda", "vda3", "254:3", boot::Slot::kB);
  }
  ~RunningSlotTest() override { fs::remove_all(root_); }

  void Write(const fs::path& path, const std::string& content) {
    fs::create_directories(path.parent_path());
    std::ofstream(path, std::ios::binary) << content;
  }
  void Mount(const std::string& numbers, const std::string& filesystem) {
    Write(folders_.proc / "self/mountinfo",
          "1 1 0:2 / / rw - rootfs none rw\n"
          "22 1 " +
              numbers + " / / ro,relatime shared:1 - " + filesystem +
              " /dev/root ro\n"
              "23 22 0:5 / /dev rw - devtmpfs udev rw\n"
              "24 22 254:4 / /var rw,nosuid - ext4 /dev/vda4 rw\n");
  }
  void AddPartition(const std::string& disk, const std::string& name, const std::string& numbers,
                    boot::Slot slot) {
    const auto partition = *gpt::FindSlot(table_, slot);
    const fs::path node = folders_.sys / "devices/pci0/virtio1/block" / disk / name;
    Write(node / "partition", std::to_string(partition.number) + "\n");
    Write(node / "start", std::to_string(table_.StartBytes(partition) / 512) + "\n");
    Write(node / "size", std::to_string(table_.SizeBytes(partition) / 512) + "\n");
    fs::create_directories(folders_.sys / "dev/block");
    fs::create_symlink(node, folders_.sys / "dev/block" / numbers);
  }
  void SetVariable(const char* file, const std::string& content) {
    Write(folders_.sys / "firmware/efi/efivars" / file, content);
  }
  Result<boot::Slot> Identify() {
    MATIC_ASSIGN(const auto root, FindRootPartition(folders_));
    MATIC_ASSIGN(const auto started, ReadStartedSlot(folders_));
    return IdentifyRunningSlot(table_, root, started);
  }
  void ExpectError(ErrorCode code, const std::string& what) {
    const auto result = Identify();
    ASSERT_FALSE(result.has_value());
    EXPECT_EQ(CodeName(result.error().code), CodeName(code)) << result.error().message;
    EXPECT_THAT(result.error().message, HasSubstr(what));
  }
  std::string PartUuid(boot::Slot slot) const {
    return gpt::GuidToText(gpt::FindSlot(table_, slot)->unique);
  }

  fs::path root_;
  SystemFolders folders_;
  gpt::GptTable table_ = fakes::FactoryTable(4 * 1024 * 1024);
};

TEST_F(RunningSlotTest, IsTheOneThatTheRootIsMountedFrom) {
  const auto root = FindRootPartition(folders_);
  ASSERT_TRUE(root.has_value()) << root.error().message;
  EXPECT_EQ(root->disk, folders_.dev / "vda");
  EXPECT_EQ(root->number, gpt::FindSlot(table_, boot::Slot::kA)->number);
  EXPECT_EQ(Identify(), boot::Slot::kA);
  Mount("254:3", "squashfs");
  EXPECT_EQ(Identify(), boot::Slot::kB);
}

TEST_F(RunningSlotTest, ARootOpenedWithDmVerityIsOnThePartitionBelow) {
  const fs::path node = folders_.sys / "devices/virtual/block/dm-0";
  Write(node / "dm/name", "matic-root\n");
  fs::create_directories(node / "slaves");
  fs::create_symlink(folders_.sys / "devices/pci0/virtio1/block/vda/vda3", node / "slaves/vda3");
  fs::create_symlink(node, folders_.sys / "dev/block/253:0");
  Mount("253:0", "squashfs");
  EXPECT_EQ(Identify(), boot::Slot::kB);
  // Data and tree on two partitions are none that a slot is.
  fs::create_symlink(folders_.sys / "devices/pci0/virtio1/block/vda/vda2", node / "slaves/vda2");
  ExpectError(ErrorCode::kNotFound, "device 253:0) is not mounted from a partition");
}

TEST_F(RunningSlotTest, TheBootSelectorAgrees) {
  SetVariable(kSlotFile, Variable("slot-a"));
  SetVariable(kPartUuidFile, Variable(PartUuid(boot::Slot::kA)));
  EXPECT_EQ(Identify(), boot::Slot::kA);
}

TEST_F(RunningSlotTest, TheBootSelectorStartedAnotherSlot) {
  SetVariable(kSlotFile, Variable("slot-b"));
  ExpectError(ErrorCode::kRefused, "/ is on slot-a of " + table_.device +
                                       ", but the boot selector says it started slot-b");
}

TEST_F(RunningSlotTest, TheBootSelectorStartedAnotherPartition) {
  SetVariable(kSlotFile, Variable("slot-a"));
  SetVariable(kPartUuidFile, Variable(PartUuid(boot::Slot::kB)));
  ExpectError(ErrorCode::kRefused, "says it started " + PartUuid(boot::Slot::kB));
}

TEST_F(RunningSlotTest, VariablesThatHoldNoText) {
  for (const std::string& content :
       {std::string(), std::string("\x06\0\0", 3), std::string("\x06\0\0\0x", 5)}) {
    SetVariable(kSlotFile, content);
    ExpectError(ErrorCode::kCorrupt, std::string(kSlotFile) + ": holds no UTF-16 text");
  }
  SetVariable(kSlotFile, std::string("\x06\0\0\0x\x01", 6));
  ExpectError(ErrorCode::kCorrupt, "MaticSlot holds other characters");
}

TEST_F(RunningSlotTest, AnotherDiskThanTheAgents) {
  table_.device = (folders_.dev / "vdb").string();
  ExpectError(ErrorCode::kRefused, "not on the agent's disk");
}

TEST_F(RunningSlotTest, ANameOfTheDiskMayBeALink) {
  Write(folders_.dev / "vda", "");
  fs::create_directories(folders_.dev / "disk");
  fs::create_symlink("../vda", folders_.dev / "disk/system");
  table_.device = (folders_.dev / "disk/system").string();
  EXPECT_EQ(Identify(), boot::Slot::kA);
}

TEST_F(RunningSlotTest, ATableThatChangedUnderTheSystem) {
  for (auto& partition : table_.partitions) {
    if (boot::HasName(partition, "slot-a")) partition.first_lba += 8;
  }
  ExpectError(ErrorCode::kRefused, "changed under the running system");
}

TEST_F(RunningSlotTest, APartitionThatIsNoSlot) {
  Write(folders_.sys / "devices/pci0/virtio1/block/vda/vda2/partition", "4\n");
  ExpectError(ErrorCode::kRefused, "partition 4 of " + table_.device + ", which is no slot");
}

TEST_F(RunningSlotTest, ARootThatIsOnNoDisk) {
  Mount("0:30", "overlay");
  ExpectError(ErrorCode::kNotFound, "/ (overlay, device 0:30) is not mounted from a partition");
}

TEST_F(RunningSlotTest, LinuxBootedSystemTellsTheVersion) {
  const fs::path release = root_ / "os-release";
  Write(release, "ID=debian\nVERSION_ID=\"12\"\nIMAGE_VERSION=\"2.0\"\n");
  const auto booted = LinuxBootedSystem(folders_, release).Find(table_);
  ASSERT_TRUE(booted.has_value()) << booted.error().message;
  EXPECT_EQ(booted->slot, boot::Slot::kA);
  EXPECT_EQ(booted->version, "2.0");
  EXPECT_EQ(booted->boot_id.size(), 36u);
  Write(release, "VERSION_ID=12\n");
  EXPECT_EQ(LinuxBootedSystem(folders_, release).Find(table_)->version, "12");
  fs::remove(release);
  EXPECT_EQ(LinuxBootedSystem(folders_, release).Find(table_)->version, "");
}

TEST_F(RunningSlotTest, FileBootedSystemReadsAFile) {
  const fs::path facts = root_ / "facts.json";
  FileBootedSystem booted(facts);
  EXPECT_EQ(booted.Find(table_).error().code, ErrorCode::kNotFound);
  Write(facts, R"({"boot_id": "b-7", "slot": "slot-b"})");
  ASSERT_TRUE(booted.Find(table_).has_value());
  EXPECT_EQ(booted.Find(table_)->slot, boot::Slot::kB);
  EXPECT_EQ(booted.Find(table_)->boot_id, "b-7");
  for (const char* wrong :
       {"", "{", "[]", "{}", R"({"boot_id": "", "slot": "slot-a"})",
        R"({"boot_id": "b", "slot": "slot-c"})", R"({"boot_id": 7, "slot": 1})"}) {
    Write(facts, wrong);
    EXPECT_EQ(booted.Find(table_).error().code, ErrorCode::kCorrupt) << wrong;
  }
}

}  // namespace
}  // namespace matic::ab
