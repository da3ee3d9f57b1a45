#include "lib/os/efi_variable.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "tests/unit/lib/os/temporary_folder.h"

namespace matic {
namespace {

using ::testing::EndsWith;

class EfiVariableTest : public testing::Test {
 protected:
  Result<std::optional<std::u16string>> Read(const std::string& value) {
    std::ofstream(folder_ / "LoaderInfo-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f", std::ios::binary)
        << std::string("\x06\0\0\0", 4) << value;
    return ReadEfiText(folder_.path(), {"LoaderInfo", kLoaderVendor});
  }

  const TemporaryFolder folder_;
};

TEST_F(EfiVariableTest, TheTextEndsWithTheFirstZero) {
  EXPECT_EQ(Read(std::string("a\0b\0\0\0c\0", 8)).value(), u"ab");
  EXPECT_EQ(Read(std::string("a\0\xe4\0\x3b\x22", 6)).value(), u"a\u00e4\u223b");
  EXPECT_EQ(Read("").value(), u"");
}

TEST_F(EfiVariableTest, WhatIsNotThereIsNothing) {
  EXPECT_EQ(ReadEfiText(folder_.path(), {"LoaderInfo", kLoaderVendor}).value(), std::nullopt);
  EXPECT_EQ(ReadEfiText(folder_ / "absent", {"x", "y"}).value(), std::nullopt);
}

TEST_F(EfiVariableTest, HalfACharacterIsNoText) {
  const auto read = Read("abc");
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code, ErrorCode::kCorrupt);
  EXPECT_THAT(read.error().message,
              EndsWith("LoaderInfo-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f: holds no UTF-16 text"));
}

TEST_F(EfiVariableTest, AsciiIsAllPrintable) {
  EXPECT_EQ(ToPrintableAscii(u"slot-b ~"), "slot-b ~");
  EXPECT_EQ(ToPrintableAscii(u""), "");
  for (const char16_t* other : {u"a\n", u"\u007f", u"\u0161"}) {
    EXPECT_EQ(ToPrintableAscii(other), std::nullopt);
  }
}

}  // namespace
}  // namespace matic
