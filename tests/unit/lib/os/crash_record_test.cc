#include "lib/os/crash_record.h"

#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <fstream>

namespace matic {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

class CrashRecordTest : public testing::Test {
 protected:
  CrashRecordTest() { fs::create_directories(folder_); }
  ~CrashRecordTest() override { fs::remove_all(folder_); }

  void Write(const std::string& name, const std::string& text, std::chrono::minutes ago) {
    const fs::path path = folder_ / name;
    fs::create_directories(path.parent_path());
    std::ofstream(path) << text;
    fs::last_write_time(path, fs::file_time_type::clock::now() - ago);
  }

  std::optional<CrashRecord> Newest(size_t max_bytes = 100) const {
    return NewestCrashRecord({"/nonexistent", folder_}, std::chrono::system_clock::now() - 10min,
                             max_bytes);
  }

  const fs::path folder_ =
      fs::path(testing::TempDir()) / ("crash_record." + std::to_string(::getpid()));
};

TEST_F(CrashRecordTest, TheNewestOfKernelMessages) {
  Write("dmesg-efi-1", "first", 3min);
  Write("176000/001/dmesg.txt", "second", 2min);
  Write("console-ramoops-0", "not of the kernel's end", 1min);
  const auto record = Newest();
  ASSERT_TRUE(record);
  EXPECT_EQ(record->text, "second");
  EXPECT_EQ(record->path, folder_ / "176000/001/dmesg.txt");
}

TEST_F(CrashRecordTest, NoneThatIsOlderThanWhatIsAskedAbout) {
  Write("dmesg-efi-1", "last year's", 600min);
  EXPECT_FALSE(Newest());
}

TEST_F(CrashRecordTest, ItsEndIsKept) {
  Write("dmesg-efi-1", std::string(1000, 'x') + "Kernel panic", 1min);
  EXPECT_EQ(Newest(12)->text, "Kernel panic");
}

TEST_F(CrashRecordTest, WhatIsNoRecordIsNone) {
  EXPECT_FALSE(Newest());
  Write("dmesg-efi-1", "", 1min);
  EXPECT_FALSE(Newest());
  Write("dmesg-efi-2", std::string(2 * 1024 * 1024, 'x'), 0min);
  EXPECT_FALSE(Newest()) << "larger than any firmware keeps";
}

}  // namespace
}  // namespace matic
