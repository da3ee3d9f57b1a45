#include "lib/os/line_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>

#include "tests/unit/lib/os/temporary_folder.h"

namespace matic {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class LineLogTest : public testing::Test {
 protected:
  void Append(LineLog& log, const std::string& line) {
    const auto appended = log.Append(line);
    EXPECT_TRUE(appended) << appended.error().message;
  }

  TemporaryFolder folder_;
  LineLog log_{folder_ / "log", 1000};
};

TEST_F(LineLogTest, KeepsLinesInTheirOrder) {
  EXPECT_THAT(*log_.Read(), IsEmpty());
  Append(log_, "one");
  Append(log_, "two");
  EXPECT_THAT(*LineLog(folder_ / "log", 1000).Read(), ElementsAre("one", "two"));
}

TEST_F(LineLogTest, NeitherALinkNorAPipeIsRead) {
  std::ofstream(folder_ / "elsewhere") << "one\n";
  std::filesystem::create_symlink(folder_ / "elsewhere", folder_ / "log");
  EXPECT_THAT(*log_.Read(), IsEmpty());
  std::filesystem::remove(folder_ / "log");
  ASSERT_EQ(::mkfifo((folder_ / "log").c_str(), 0600), 0);
  EXPECT_THAT(*log_.Read(), IsEmpty());
}

TEST_F(LineLogTest, ALineThatWasTornSpoilsNoOther) {
  Append(log_, "one");
  std::ofstream(folder_ / "log", std::ios::app) << "tor";
  Append(log_, "two");
  EXPECT_THAT(*log_.Read(), ElementsAre("one", "tor", "two"));
}

TEST_F(LineLogTest, DropsTheOldestAndNeverTheNewest) {
  constexpr size_t kLines = 100;
  const std::string tail(47, '.');
  for (size_t i = 100; i < 100 + kLines; ++i) {
    Append(log_, std::to_string(i) + tail);
    EXPECT_EQ(log_.Read()->back(), std::to_string(i) + tail);
    EXPECT_LE(std::filesystem::file_size(folder_ / "log"), 1000u);
  }
  const auto lines = log_.Read();
  ASSERT_GE(lines->size(), 9u);
  for (size_t i = 0; i < lines->size(); ++i) {
    EXPECT_EQ((*lines)[i], std::to_string(100 + kLines - lines->size() + i) + tail);
  }
}

TEST_F(LineLogTest, ALineLongerThanTheBoundIsKeptUntilTheNext) {
  Append(log_, "short");
  Append(log_, std::string(1500, 'x'));
  EXPECT_EQ(log_.Read()->back(), std::string(1500, 'x'));
  Append(log_, "short again");
  EXPECT_EQ(log_.Read()->back(), "short again");
  EXPECT_LE(std::filesystem::file_size(folder_ / "log"), 1000u);
}

TEST_F(LineLogTest, AFolderThatIsMissingIsAnError) {
  LineLog log(folder_ / "missing/log", 1000);
  EXPECT_FALSE(log.Append("line"));
}

}  // namespace
}  // namespace matic
