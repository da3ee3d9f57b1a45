#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <memory>
#include <set>

#include "lib/base/error.h"
#include "lib/base/hex.h"
#include "lib/base/result.h"
#include "lib/base/time.h"
#include "lib/base/unique_fd.h"

namespace matic {
namespace {

using ::testing::HasSubstr;

Result<int> Half(int n) {
  if (n % 2 != 0) return Fail(ErrorCode::kInvalidArgument, "odd");
  return n / 2;
}
Result<> Check(int n) {
  MATIC_TRY(Half(n));
  return {};
}
Result<std::unique_ptr<int>> Quarter(int n) {
  MATIC_ASSIGN(const int half, Half(n));
  MATIC_ASSIGN(const int quarter, Half(half));
  return std::make_unique<int>(quarter);
}

TEST(Result, MacrosHandErrorsOn) {
  EXPECT_TRUE(Check(2));
  EXPECT_EQ(Check(3).error().message, "odd");
  EXPECT_EQ(**Quarter(8), 2);
  EXPECT_EQ(Quarter(6).error().code, ErrorCode::kInvalidArgument);
}

TEST(Error, ContextComesFirst) {
  const Error error = OsError("write slot-b at 4096", ENOSPC).Context("stage");
  EXPECT_EQ(error.message, "stage: write slot-b at 4096: No space left on device");
  EXPECT_EQ(error.code, ErrorCode::kIo);
  EXPECT_EQ(OsError("x", EACCES).code, ErrorCode::kPermission);
  EXPECT_EQ(OsError("x", EPERM).code, ErrorCode::kPermission);
  EXPECT_EQ(OsError("x", ENOENT).code, ErrorCode::kNotFound);
}

TEST(Error, EveryCodeHasItsOwnName) {
  std::set<std::string_view> names;
  for (int code = 0; code <= static_cast<int>(ErrorCode::kInternal); ++code) {
    EXPECT_TRUE(names.insert(CodeName(static_cast<ErrorCode>(code))).second);
  }
}

TEST(Hex, ThereAndBack) {
  const std::vector<uint8_t> bytes = {0x00, 0x0f, 0xa5, 0xff};
  EXPECT_EQ(HexEncode(bytes), "000fa5ff");
  EXPECT_EQ(*HexDecode("000Fa5fF"), bytes);
  EXPECT_TRUE(HexDecode("")->empty());
}

TEST(Hex, SaysWhereItIsWrong) {
  EXPECT_THAT(HexDecode("abc").error().message, HasSubstr("odd number of digits (3)"));
  EXPECT_THAT(HexDecode("ab g").error().message, HasSubstr("character 3 of 4"));
  EXPECT_FALSE(HexDecode("0x12"));
  EXPECT_FALSE(HexDecode(std::string("a\0", 2)));
}

TEST(Time, IsRfc3339InUtc) {
  const WallTime time{std::chrono::seconds(1769475600)};
  EXPECT_EQ(FormatTime(time), "2026-01-27T01:00:00Z");
  EXPECT_EQ(FormatTime(time + std::chrono::milliseconds(999)), "2026-01-27T01:00:00Z");
  EXPECT_EQ(*ParseTime("2026-01-27T01:00:00Z"), time);
  EXPECT_EQ(*ParseTime("2026-01-27T03:30:00+02:30"), time);
  EXPECT_EQ(*ParseTime("2026-01-27T01:00:00.75Z"), time);
  EXPECT_EQ(FormatTime(*ParseTime("9943-01-27T01:00:00Z")), "2261-12-31T23:59:59Z");
  EXPECT_EQ(FormatTime(*ParseTime("0001-01-01T00:00:00Z")), "1970-01-01T00:00:00Z");
  EXPECT_EQ(FormatTime(*ParseTime("infinite-past")), "1970-01-01T00:00:00Z");
  EXPECT_EQ(FormatDay(time), "20260127");
  for (const char* bad : {"", "2026-01-27", "yesterday", "2026-13-01T00:00:00Z"}) {
    EXPECT_EQ(ParseTime(bad).error().code, ErrorCode::kInvalidArgument) << bad;
  }
}

bool IsOpen(int fd) { return ::fcntl(fd, F_GETFD) >= 0; }

TEST(UniqueFd, ClosesOnce) {
  const int raw = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  {
    UniqueFd first(raw);
    UniqueFd second(std::move(first));
    EXPECT_FALSE(first.valid());
    EXPECT_EQ(second.get(), raw);
    UniqueFd third;
    third = std::move(second);
    EXPECT_TRUE(IsOpen(raw));
  }
  EXPECT_FALSE(IsOpen(raw));
  UniqueFd released(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  const int kept = released.Release();
  released.Reset(-1);
  EXPECT_TRUE(IsOpen(kept));
  UniqueFd(kept).Reset(-1);
  EXPECT_FALSE(IsOpen(kept));
}

}  // namespace
}  // namespace matic
