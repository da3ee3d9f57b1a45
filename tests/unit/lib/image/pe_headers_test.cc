#include "lib/image/pe_headers.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <string>
#include <vector>

#include "boot/policy/little_endian.h"
#include "tests/unit/lib/image/small_image.h"

namespace matic::image {
namespace {

using File = std::vector<uint8_t>;

File SomeFile() { return MakePe({{".osrel", Bytes("ID=x")}, {".cmdline", Bytes("panic=10")}}); }

TEST(PeHeaders, NamesSectionsAndWhereTheyAre) {
  const File file = SomeFile();
  const auto headers = ParsePeHeaders(file, file.size());
  ASSERT_TRUE(headers) << headers.error().message;
  EXPECT_EQ(headers->machine, static_cast<uint16_t>(PeMachine::kX64));
  EXPECT_EQ(headers->section_alignment, 0x200u);
  ASSERT_EQ(headers->sections.size(), 2u);
  const PeSection* section = headers->Find(".cmdline");  // a name without a zero at its end
  ASSERT_NE(section, nullptr);
  EXPECT_EQ(section->content_size(), 8u);
  EXPECT_EQ(std::string(file.begin() + static_cast<ptrdiff_t>(section->file_offset),
                        file.begin() + static_cast<ptrdiff_t>(section->file_offset) + 8),
            "panic=10");
  EXPECT_EQ(headers->Find(".linux"), nullptr);
}

struct Damage {
  const char* name;
  std::function<void(File&)> apply;
  const char* says;
};

void PrintTo(const Damage& damage, std::ostream* out) { *out << damage.name; }

class DamagedPe : public testing::TestWithParam<Damage> {};

TEST_P(DamagedPe, IsRefused) {
  File file = SomeFile();
  GetParam().apply(file);
  const auto headers = ParsePeHeaders(file, file.size());
  ASSERT_FALSE(headers);
  EXPECT_EQ(headers.error().code, ErrorCode::kCorrupt);
  EXPECT_NE(headers.error().message.find(GetParam().says), std::string::npos)
      << headers.error().message;
}

void Store(File& file, size_t at, uint32_t value) { boot::Store32(file, at, value); }

INSTANTIATE_TEST_SUITE_P(
    , DamagedPe,
    testing::Values(
        Damage{"Empty", [](File& f) { f.clear(); }, "MZ"},
        Damage{"NoMagic", [](File& f) { f[0] = 'X'; }, "MZ"},
        Damage{"HeaderFarAway", [](File& f) { Store(f, 0x3c, 0xffffffff); }, "cut off"},
        Damage{"HeaderAtTheEnd",
               [](File& f) { Store(f, 0x3c, static_cast<uint32_t>(f.size() - 30)); }, "cut off"},
        Damage{"NoSignature", [](File& f) { f[0x80] = 'X'; }, "signature"},
        Damage{"SmallOptionalHeader", [](File& f) { f[0x80 + 20] = 10; }, "another kind"},
        Damage{"Pe32", [](File& f) { f[0x98 + 1] = 1; }, "another kind"},
        Damage{"ManySections", [](File& f) { f[0x80 + 6] = f[0x80 + 7] = 0xff; }, "cut off"},
        Damage{"SectionBeyondTheEnd", [](File& f) { Store(f, 0x188 + 20, 0xfffffff0); },
               ".osrel reaches beyond"},
        Damage{"SectionTooLong", [](File& f) { Store(f, 0x188 + 16, 0xffffffff); },
               ".osrel reaches beyond"},
        Damage{"FileCutOff", [](File& f) { f.resize(f.size() - 1); }, ".cmdline reaches beyond"}),
    [](const auto& test) { return test.param.name; });

TEST(PeHeaders, SectionsMayLieBeyondWhatWasRead) {
  const File file = SomeFile();
  const auto headers = ParsePeHeaders(std::span(file).first(1024), file.size());
  ASSERT_TRUE(headers) << headers.error().message;
  EXPECT_EQ(headers->sections.size(), 2u);
}

// Whatever the bytes, the parser neither reads past them nor names a section outside of the file.
TEST(PeHeaders, EverySingleByteMayBeDamaged) {
  const File good = SomeFile();
  for (size_t at = 0; at < 0x200; ++at) {
    for (int flip : {0x01, 0x80, 0xff}) {
      File file = good;
      file[at] = static_cast<uint8_t>(file[at] ^ flip);
      const auto headers = ParsePeHeaders(file, file.size());
      if (!headers) continue;
      for (const PeSection& section : headers->sections) {
        ASSERT_LE(section.file_offset + section.content_size(), file.size()) << at;
      }
    }
  }
}

}  // namespace
}  // namespace matic::image
