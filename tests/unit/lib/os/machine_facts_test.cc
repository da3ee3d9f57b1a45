#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "lib/os/boot_id.h"
#include "lib/os/machine_id.h"
#include "lib/os/os_release.h"
#include "tests/unit/lib/os/temporary_folder.h"

namespace matic {
namespace {

using ::testing::ElementsAre;
using ::testing::MatchesRegex;
using ::testing::Pair;

TEST(BootId, IsAUuidThatStays) {
  const Result<std::string> id = ReadBootId();
  ASSERT_TRUE(id) << id.error().message;
  EXPECT_THAT(*id, MatchesRegex("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"));
  EXPECT_EQ(*ReadBootId(), *id);
}

TEST(MachineId, IsTakenOnlyWhenItIsOne) {
  const TemporaryFolder folder;
  const std::filesystem::path path = folder / "machine-id";
  EXPECT_EQ(ReadMachineId(path).error().code, ErrorCode::kNotFound);
  std::ofstream(path) << "0123456789abcdef0123456789abcdef\n";
  EXPECT_EQ(*ReadMachineId(path), "0123456789abcdef0123456789abcdef");
  for (const char* bad : {"", "\n", "uninitialized\n", "0123456789ABCDEF0123456789abcdef",
                          "0123456789abcdef0123456789abcde"}) {
    std::ofstream(path) << bad;
    EXPECT_EQ(ReadMachineId(path).error().code, ErrorCode::kCorrupt) << bad;
  }
}

TEST(OsRelease, TakesShellQuoting) {
  EXPECT_THAT(
      ParseOsRelease("# a comment\n"
                     "ID=debian\n"
                     "\n"
                     "  NAME=\"Matic OS\"  \r\n"
                     "SINGLE='it costs $5 \\ more'\n"
                     "ESCAPED=\"a \\\"quote\\\", \\$HOME, \\n\"\n"
                     "MIXED=a'b c'\"d\"\n"
                     "EMPTY=\n"
                     "IMAGE_VERSION=2.0"),
      ElementsAre(Pair("EMPTY", ""), Pair("ESCAPED", "a \"quote\", $HOME, \\n"),
                  Pair("ID", "debian"), Pair("IMAGE_VERSION", "2.0"), Pair("MIXED", "ab cd"),
                  Pair("NAME", "Matic OS"), Pair("SINGLE", "it costs $5 \\ more")));
}

TEST(OsRelease, LeavesOutWhatItDoesNotUnderstand) {
  EXPECT_THAT(ParseOsRelease("no assignment\n=x\nA B=c\nOPEN=\"x\nTWO=a b\nEND=\\\nID=a\nID=b\n"),
              ElementsAre(Pair("ID", "b")));
  EXPECT_TRUE(ParseOsRelease("").empty());
}

TEST(OsRelease, ReadsAFile) {
  const TemporaryFolder folder;
  std::ofstream(folder / "os-release") << "IMAGE_VERSION=3\n";
  const Result<OsRelease> release = ReadOsRelease(folder / "os-release");
  ASSERT_TRUE(release);
  EXPECT_EQ(Lookup(*release, "IMAGE_VERSION"), "3");
  EXPECT_EQ(Lookup(*release, "IMAGE_ID"), "");
  EXPECT_EQ(ReadOsRelease(folder / "gone").error().code, ErrorCode::kNotFound);
}

}  // namespace
}  // namespace matic
