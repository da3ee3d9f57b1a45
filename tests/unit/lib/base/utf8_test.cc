#include "lib/base/utf8.h"

#include <gtest/gtest.h>

namespace matic {
namespace {

TEST(ToUtf8Test, KeepsWhatIsValidAndReplacesTheRest) {
  EXPECT_EQ(ToUtf8("plain … 日本 🙂"), "plain … 日本 🙂");
  EXPECT_EQ(ToUtf8("a\xff\x62"), "a\uFFFDb");
  EXPECT_EQ(ToUtf8("\xc0\xaf"), "\uFFFD\uFFFD");            // overlong
  EXPECT_EQ(ToUtf8("\xed\xa0\x80"), "\uFFFD\uFFFD\uFFFD");  // a surrogate
  EXPECT_EQ(ToUtf8("cut \xe2\x80"), "cut \uFFFD\uFFFD");
  EXPECT_EQ(ToUtf8("ab…cd", 4), "ab…");
}

}  // namespace
}  // namespace matic
