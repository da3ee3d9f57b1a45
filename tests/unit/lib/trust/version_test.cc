#include "lib/trust/version.h"

#include <gtest/gtest.h>

#include <string>
#include <tuple>
#include <vector>

namespace matic::trust {
namespace {

// Each is older than the next, as `systemd-analyze compare-versions` has it too.
const std::vector<std::string> kAscending = {
    "~1",
    "",
    "ab",
    "abb",
    "abc",
    "abc-4",
    "abc-5",
    "0",
    "0.0.1",
    "0.9",
    "1~rc1",
    "1~rc2",
    "1",
    "1-1",
    "1^20260101",
    "1.a",
    "1.0~rc.1",
    "1.0",
    "1.0-1",
    "1.0-2",
    "1.0-10",
    "1.0^fix1",
    "1.0^fix1.2",
    "1.0.0",
    "1.0.1",
    "1.0a",
    "1.2",
    "1.9",
    "1.10",
    "2",
    "2026.1.27",
    "2026.02.1",
    "20260127",
    "9999999999999",
    "18446744073709551616",
    "99999999999999999999999999999999999999999999999999999999999999"};

TEST(CompareVersions, EachIsOlderThanAllThatFollow) {
  for (size_t a = 0; a < kAscending.size(); ++a) {
    for (size_t b = 0; b < kAscending.size(); ++b) {
      EXPECT_EQ(CompareVersions(kAscending[a], kAscending[b]), a <=> b)
          << kAscending[a] << " and " << kAscending[b];
    }
  }
}

TEST(CompareVersions, SomeAreTheSameThoughWrittenOtherwise) {
  for (const auto& [a, b] : std::vector<std::tuple<std::string, std::string>>{
           {"1.1", "1.01"}, {"1.1", "1.1"}, {"1.1+", "1.1"}, {"_1_.1", "1.1"}, {"0", "000"}}) {
    EXPECT_EQ(CompareVersions(a, b), std::strong_ordering::equal) << a << " and " << b;
    EXPECT_EQ(CompareVersions(b, a), std::strong_ordering::equal) << a << " and " << b;
  }
}

TEST(CompareVersions, AnyTwoTextsHaveAnOrder) {
  // Every text of up to three of these; it must end, and be the same from both sides.
  const std::string alphabet = "0~-^.a_";
  std::vector<std::string> texts = {""};
  for (size_t i = 0; i < texts.size(); ++i) {
    if (texts[i].size() == 3) continue;
    for (const char c : alphabet) texts.push_back(texts[i] + c);
  }
  for (const std::string& a : texts) {
    for (const std::string& b : texts) {
      EXPECT_EQ(CompareVersions(a, b), 0 <=> CompareVersions(b, a)) << a << " and " << b;
    }
  }
}

TEST(CheckVersion, TakesWhatImagesAreCalled) {
  for (const char* version : {"1", "2.0", "2026.01.27", "2.0~rc1-3^git5", "12.8_a^b"}) {
    EXPECT_TRUE(CheckVersion(version)) << version;
  }
  EXPECT_TRUE(CheckVersion(std::string(64, '1')));
}

TEST(CheckVersion, RefusesAnythingElse) {
  for (const std::string& version :
       {std::string(), std::string("latest"), std::string("1 0"), std::string("1/0"),
        std::string("1.0+git5"), std::string("1\n"), std::string("1\0", 2),
        std::string("1.0\xc3\xa9"), std::string(65, '1')}) {
    const Result<> checked = CheckVersion(version);
    ASSERT_FALSE(checked) << version;
    EXPECT_EQ(checked.error().code, ErrorCode::kInvalidArgument);
  }
}

}  // namespace
}  // namespace matic::trust
