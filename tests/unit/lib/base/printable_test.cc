#include "lib/base/printable.h"

#include <gtest/gtest.h>

#include <string>

namespace matic {
namespace {

TEST(PrintableTest, TextStaysAsItIs) {
  for (const char* text : {"", "plain", "tab\tand dot.", "Grüße … 世界 \xF0\x9F\x98\x80 €"}) {
    EXPECT_EQ(Printable(text), text);
  }
}

TEST(PrintableTest, NothingMovesTheCursor) {
  EXPECT_EQ(Printable("\x1b[2Ja\rb\b\x7f"), "\\x1b[2Ja\\x0db\\x08\\x7f");
  EXPECT_EQ(Printable(std::string("a\0b", 3)), "a\\x00b");
  EXPECT_EQ(Printable("\xC2\x9B"
                      "31m"),
            "\\u009b31m");
  EXPECT_EQ(Printable("\x9B"
                      "31m"),
            "\uFFFD31m");
}

TEST(PrintableTest, NothingTurnsTheLettersRound) {
  EXPECT_EQ(Printable("\u202Egpj.exe\u2066"), "\\u202egpj.exe\\u2066");
  EXPECT_EQ(Printable("\u2028\u2027"), "\\u2028\u2027");
}

TEST(PrintableTest, LineBreaksAsAskedFor) {
  EXPECT_EQ(Printable("a\nb"), "a\\x0ab");
  EXPECT_EQ(Printable("a\n\x1b"
                      "b",
                      LineBreaks::kKeep),
            "a\n\\x1bb");
}

TEST(PrintableTest, WhatIsCutOffIsNotReadBeyond) {
  for (const char* text : {"\xC2", "\xE2", "\xE2\x80", "a\xE2\x81"}) {
    EXPECT_NE(Printable(text).find("\uFFFD"), std::string::npos);
  }
}

}  // namespace
}  // namespace matic
