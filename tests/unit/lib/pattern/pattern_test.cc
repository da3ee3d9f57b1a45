#include "lib/pattern/pattern.h"

#include <gtest/gtest.h>

namespace matic {
namespace {

TEST(PatternTest, MatchesSomewhereInTheText) {
  const auto pattern = Pattern::Compile("state: (up|ready)");
  ASSERT_TRUE(pattern);
  EXPECT_TRUE(pattern->Matches("all good\nstate: ready\n"));
  EXPECT_FALSE(pattern->Matches("state: down"));
}

TEST(PatternTest, WhatIsNoPatternIsTold) {
  for (const char* text : {"(a", "a**", "[z-a]", "\\q"}) {
    const auto pattern = Pattern::Compile(text);
    ASSERT_FALSE(pattern) << text;
    EXPECT_EQ(pattern.error().code, ErrorCode::kInvalidArgument);
    EXPECT_NE(pattern.error().message, "");
  }
}

// A backtracking engine would be at it until the sun goes out.
TEST(PatternTest, ACunningPatternTakesNoLonger) {
  const auto pattern = Pattern::Compile("^(a+)+$");
  ASSERT_TRUE(pattern);
  EXPECT_FALSE(pattern->Matches(std::string(100'000, 'a') + "b"));
}

TEST(PatternTest, APatternTooLargeIsRefused) {
  EXPECT_FALSE(Pattern::Compile("((((a{100}){100}){100}){100})"));
}

TEST(PatternTest, AnyBytesAreText) {
  const auto pattern = Pattern::Compile("ok$");
  ASSERT_TRUE(pattern);
  EXPECT_TRUE(pattern->Matches(std::string_view("\0\xff\xfe ok", 6)));
}

}  // namespace
}  // namespace matic
