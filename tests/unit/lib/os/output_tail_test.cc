#include "lib/os/output_tail.h"

#include <gtest/gtest.h>

namespace matic {
namespace {

TEST(OutputTail, IsTheLastLinesThatSaySomething) {
  EXPECT_EQ(OutputTail("one\ntwo\n\n  three \r\nfour\n\n"), "two | three | four");
  EXPECT_EQ(OutputTail("one\ntwo\nthree\n", 1), "three");
  EXPECT_EQ(OutputTail("no line end"), "no line end");
  EXPECT_EQ(OutputTail(""), "");
  EXPECT_EQ(OutputTail("\n\n \n"), "");
}

TEST(OutputTail, ALongOneIsCutAtItsFront) {
  EXPECT_EQ(OutputTail(std::string(1000, 'x') + "end", 3, 10), "…" + std::string(4, 'x') + "end");
  EXPECT_EQ(OutputTail("first\nsecond\nthird", 3, 10), "…| third");
  EXPECT_EQ(OutputTail("ääääää", 3, 10), "…äää") << "no half characters";
}

TEST(OutputTail, WhatNoTerminalOrJsonTakesIsReplaced) {
  EXPECT_EQ(OutputTail("a\tb\x1b[31mc\x7f"), "a b?[31mc?");
  EXPECT_EQ(OutputTail("grüße €\xF0\x9F\x98\x80"), "grüße €\xF0\x9F\x98\x80");
  for (const char* broken : {"\xff", "\xc0\x80", "\xe0\x80\x80", "\xed\xa0\x80", "\xf5\x80\x80\x80",
                             "\xf0\x80\x80\x80", "\xe2\x82", "\x80"}) {
    const std::string tail = OutputTail(std::string("a") + broken + "b");
    EXPECT_EQ(tail, "a" + std::string(std::string_view(broken).size(), '?') + "b");
  }
}

TEST(CleanText, KeepsLineEndsWhereAskedTo) {
  EXPECT_EQ(CleanText("a\nb\r\n"), "a?b??");
  EXPECT_EQ(CleanText("a\nb\r\n", LineEnds::kKept), "a\nb?\n");
}

TEST(CleanEnd, BeginsWithAWholeCharacter) {
  EXPECT_EQ(CleanEnd("abc", 3), "abc");
  EXPECT_EQ(CleanEnd("abc", 2), "bc");
  EXPECT_EQ(CleanEnd("ääb", 2), "b");
  EXPECT_EQ(CleanEnd("ä", 1), "");
}

TEST(DescribeExit, TellsNumberAndSignal) {
  EXPECT_EQ(DescribeExit(3), "exited with 3");
  EXPECT_EQ(DescribeExit(128), "exited with 128");
  EXPECT_EQ(DescribeExit(137), "exited with 137 (SIGKILL)");
  EXPECT_EQ(DescribeExit(255), "exited with 255");
}

}  // namespace
}  // namespace matic
