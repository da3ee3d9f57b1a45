#include "osctl/exit_code.h"

#include <gtest/gtest.h>

#include "osctl/source.h"
#include "osctl/watch.h"

namespace matic::osctl {
namespace {

TEST(ExitCodeTest, OfANodesErrors) {
  EXPECT_EQ(RemoteExitCode(ErrorCode::kUnavailable), ExitCode::kUnreachable);
  EXPECT_EQ(RemoteExitCode(ErrorCode::kDeadline), ExitCode::kUnreachable);
  EXPECT_EQ(RemoteExitCode(ErrorCode::kPermission), ExitCode::kUnreachable);
  EXPECT_EQ(RemoteExitCode(ErrorCode::kRefused), ExitCode::kRefused);
  EXPECT_EQ(RemoteExitCode(ErrorCode::kInvalidArgument), ExitCode::kUsage);
  for (ErrorCode code : {ErrorCode::kNotFound, ErrorCode::kCorrupt, ErrorCode::kIo,
                         ErrorCode::kCancelled, ErrorCode::kInternal}) {
    EXPECT_EQ(RemoteExitCode(code), ExitCode::kFailed) << CodeName(code);
  }
}

TEST(ExitCodeTest, OfThisMachinesErrors) {
  EXPECT_EQ(LocalExitCode(ErrorCode::kPermission), ExitCode::kFailed);
  EXPECT_EQ(LocalExitCode(ErrorCode::kUnavailable), ExitCode::kFailed);
  EXPECT_EQ(LocalExitCode(ErrorCode::kRefused), ExitCode::kRefused);
  EXPECT_EQ(LocalExitCode(ErrorCode::kInvalidArgument), ExitCode::kUsage);
}

TEST(ExitCodeTest, OfAnUpdatesOutcome) {
  EXPECT_EQ(static_cast<int>(OutcomeCode(v1::SCHEDULE_STATE_COMPLETED)), 0);
  EXPECT_EQ(static_cast<int>(OutcomeCode(v1::SCHEDULE_STATE_FAILED)), 4);
  EXPECT_EQ(static_cast<int>(OutcomeCode(v1::SCHEDULE_STATE_CANCELLED)), 4);
  EXPECT_EQ(static_cast<int>(OutcomeCode(v1::SCHEDULE_STATE_ROLLED_BACK)), 5);
}

TEST(SourceTest, SaysWhatWasMeant) {
  EXPECT_TRUE(CheckSource("https://cdn.example.com/os.squashfs"));
  EXPECT_TRUE(CheckSource("http://10.0.2.2/os.squashfs"));
  EXPECT_TRUE(CheckSource("file:///srv/os.squashfs"));
  EXPECT_EQ(CheckSource("/srv/../srv/os.squashfs").error().message,
            "--source: '/srv/../srv/os.squashfs' is not a URL; did you mean "
            "file:///srv/os.squashfs (a file of the node), or https://…?");
  EXPECT_EQ(CheckSource("ftp://host/os").error().message,
            "--source: 'ftp://host/os' has a scheme that no node takes; https://, http:// or "
            "file:// is expected");
  EXPECT_FALSE(CheckSource(""));
  EXPECT_FALSE(CheckSource("https://"));
}

TEST(SourceTest, NamesTheDigitThatIsNone) {
  EXPECT_TRUE(CheckSha256(std::string(64, 'A')));
  EXPECT_EQ(CheckSha256("9f2c").error().message,
            "--sha256: 64 hex digits are expected, not 4; sha256sum FILE prints them");
  EXPECT_EQ(CheckSha256("x" + std::string(63, 'a')).error().message,
            "--sha256: not hexadecimal: character 1 of 64 is no digit 0-9, a-f");
}

}  // namespace
}  // namespace matic::osctl
