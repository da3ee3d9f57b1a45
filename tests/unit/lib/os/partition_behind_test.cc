#include "lib/os/partition_behind.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

namespace matic {
namespace {

namespace fs = std::filesystem;

// /sys/block of a machine with one disk of two partitions.
class PartitionBehindTest : public testing::Test {
 protected:
  PartitionBehindTest() {
    for (const char* name : {"vda1", "vda2"}) {
      fs::create_directories(Folder(std::string("vda/") + name));
      std::ofstream(Folder(std::string("vda/") + name) / "partition") << name[3] << "\n";
    }
  }
  ~PartitionBehindTest() override { fs::remove_all(root_); }

  fs::path Folder(const std::string& name) const { return root_ / name; }
  void Stack(const std::string& name, const fs::path& on) {
    fs::create_directories(Folder(name) / "slaves");
    fs::create_symlink(on, Folder(name) / "slaves" / on.filename());
  }

  const fs::path root_ = fs::canonical(fs::path(testing::TempDir())) /
                         ("partition-behind-" + std::to_string(getpid()));
};

TEST_F(PartitionBehindTest, APartitionIsItsOwn) {
  fs::create_symlink(Folder("vda/vda2"), Folder("254:2"));
  EXPECT_EQ(PartitionBehind(Folder("254:2")), Folder("vda/vda2"));
}

TEST_F(PartitionBehindTest, IsFoundBelowMappedDevices) {
  Stack("dm-0", Folder("vda/vda2"));
  Stack("dm-1", Folder("dm-0"));
  EXPECT_EQ(PartitionBehind(Folder("dm-0")), Folder("vda/vda2"));
  EXPECT_EQ(PartitionBehind(Folder("dm-1")), Folder("vda/vda2"));
}

TEST_F(PartitionBehindTest, IsNotWhereThereIsNoneOrMoreThanOne) {
  EXPECT_EQ(PartitionBehind(Folder("vda")), std::nullopt);
  EXPECT_EQ(PartitionBehind(Folder("missing")), std::nullopt);
  Stack("dm-0", Folder("vda/vda1"));
  Stack("dm-0", Folder("vda/vda2"));
  EXPECT_EQ(PartitionBehind(Folder("dm-0")), std::nullopt);
  Stack("dm-2", Folder("dm-2"));
  EXPECT_EQ(PartitionBehind(Folder("dm-2")), std::nullopt) << "a circle ends";
}

TEST_F(PartitionBehindTest, SomeDevicesAreInFoldersOfDev) {
  EXPECT_EQ(BlockNodeName("/sys/block/vda"), "vda");
  EXPECT_EQ(BlockNodeName("/sys/block/cciss!c0d0"), "cciss/c0d0");
}

}  // namespace
}  // namespace matic
