#include "boot/policy/section_table.h"

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "boot/policy/crc32.h"
#include "boot/policy/little_endian.h"

namespace matic::boot {
namespace {

constexpr uint64_t kSquashfsBytes = 10000;
constexpr uint64_t kFirstOffset = 12288 + 4096;  // behind the table
constexpr uint64_t kSpace = 1 << 20;

using Block = std::array<uint8_t, kSectionTableBytes>;

Section MakeSection(std::string_view type, uint64_t offset, uint64_t length) {
  Section section;
  section.type = SectionType(type);
  section.offset = offset;
  section.length = length;
  section.sha256.fill(7);
  return section;
}

std::vector<Section> GoodSections() {
  return {MakeSection("uki", kFirstOffset, 5000), MakeSection("verity", kFirstOffset + 8192, 4096)};
}

TEST(SectionTable, ComesBackAsWritten) {
  const Block block = EncodeSectionTable(kSquashfsBytes, GoodSections());
  const SectionTableParse parse = ParseSectionTable(block, kSquashfsBytes, kSpace);
  ASSERT_EQ(parse.error, SectionTableError::kNone);
  EXPECT_EQ(parse.table.squashfs_bytes, kSquashfsBytes);
  ASSERT_EQ(parse.table.count, 2u);
  EXPECT_EQ(*parse.table.Find("uki"), GoodSections()[0]);
  EXPECT_EQ(*parse.table.Find("verity"), GoodSections()[1]);
  EXPECT_EQ(parse.table.Find("uk"), nullptr);
}

TEST(SectionTable, HoldsTheMostSectionsAndUnknownTypes) {
  std::vector<Section> sections;
  for (size_t i = 0; i < kMaxSections; ++i) {
    sections.push_back(
        MakeSection(i == 62 ? "uki" : "x" + std::to_string(i), kFirstOffset + i * 4096, 1));
  }
  const Block block = EncodeSectionTable(kSquashfsBytes, sections);
  const SectionTableParse parse = ParseSectionTable(block, kSquashfsBytes, kSpace);
  EXPECT_EQ(parse.error, SectionTableError::kNone);
  EXPECT_EQ(parse.table.count, kMaxSections);
}

struct DamageCase {
  const char* name;
  std::vector<Section> sections;
  std::function<void(Block&)> damage;  // the checksum is mended after it
  SectionTableError error;
};

class SectionTableDamage : public testing::TestWithParam<DamageCase> {};

TEST_P(SectionTableDamage, IsRefused) {
  Block block = EncodeSectionTable(kSquashfsBytes, GetParam().sections);
  if (GetParam().damage) GetParam().damage(block);
  Store32(block, 4092, Crc32(std::span(block).first(4092)));
  EXPECT_EQ(ParseSectionTable(block, kSquashfsBytes, kSpace).error, GetParam().error)
      << DescribeSectionTableError(ParseSectionTable(block, kSquashfsBytes, kSpace).error);
}

INSTANTIATE_TEST_SUITE_P(
    All, SectionTableDamage,
    testing::Values(
        DamageCase{"magic", GoodSections(), [](Block& b) { b[0] = 'X'; },
                   SectionTableError::kMagic},
        DamageCase{"version", GoodSections(), [](Block& b) { b[8] = 2; },
                   SectionTableError::kVersion},
        DamageCase{"count_beyond_the_block", GoodSections(), [](Block& b) { b[12] = 64; },
                   SectionTableError::kCount},
        DamageCase{"huge_count", GoodSections(), [](Block& b) { Store32(b, 12, UINT32_MAX); },
                   SectionTableError::kCount},
        DamageCase{"count_covers_zeros", GoodSections(), [](Block& b) { b[12] = 3; },
                   SectionTableError::kTypeName},
        DamageCase{"other_squashfs", GoodSections(), [](Block& b) { b[16] ^= 1; },
                   SectionTableError::kSquashfsBytes},
        DamageCase{"unaligned",
                   {MakeSection("uki", kFirstOffset + 512, 1)},
                   nullptr,
                   SectionTableError::kUnaligned},
        DamageCase{
            "in_the_squashfs", {MakeSection("uki", 4096, 1)}, nullptr, SectionTableError::kOutside},
        DamageCase{"over_the_table",
                   {MakeSection("uki", kFirstOffset - 4096, 1)},
                   nullptr,
                   SectionTableError::kOutside},
        DamageCase{
            "empty", {MakeSection("uki", kFirstOffset, 0)}, nullptr, SectionTableError::kOutside},
        DamageCase{"one_byte_too_long",
                   {MakeSection("uki", kFirstOffset, kSpace - kFirstOffset + 1)},
                   nullptr,
                   SectionTableError::kOutside},
        DamageCase{"length_overflows",
                   {MakeSection("uki", kFirstOffset, UINT64_MAX)},
                   nullptr,
                   SectionTableError::kOutside},
        DamageCase{"offset_beyond_the_space",
                   {MakeSection("uki", kSpace + 4096, 1)},
                   nullptr,
                   SectionTableError::kOutside},
        DamageCase{"offset_overflows",
                   {MakeSection("uki", UINT64_MAX - 4095, 4096)},
                   nullptr,
                   SectionTableError::kOutside},
        DamageCase{
            "overlap",
            {MakeSection("uki", kFirstOffset, 5000), MakeSection("verity", kFirstOffset + 4096, 1)},
            nullptr,
            SectionTableError::kOverlap},
        DamageCase{
            "duplicate",
            {MakeSection("uki", kFirstOffset, 1), MakeSection("uki", kFirstOffset + 4096, 1)},
            nullptr,
            SectionTableError::kDuplicateType},
        DamageCase{"something_behind_the_type",
                   {MakeSection({"uki\0x", 5}, kFirstOffset, 1),
                    MakeSection("uki", kFirstOffset + 4096, 1)},
                   nullptr,
                   SectionTableError::kTypeName},
        DamageCase{
            "unprintable_type",
            {MakeSection("uki", kFirstOffset, 1), MakeSection("\33[2J", kFirstOffset + 4096, 1)},
            nullptr,
            SectionTableError::kTypeName},
        DamageCase{"no_type",
                   {MakeSection("uki", kFirstOffset, 1), MakeSection("", kFirstOffset + 4096, 1)},
                   nullptr,
                   SectionTableError::kTypeName},
        DamageCase{"no_kernel",
                   {MakeSection("verity", kFirstOffset, 1)},
                   nullptr,
                   SectionTableError::kNoUki},
        DamageCase{"no_section", {}, nullptr, SectionTableError::kNoUki}),
    [](const auto& test) { return std::string(test.param.name); });

TEST(SectionTable, FillsItsSpaceToTheLastByte) {
  const Block block = EncodeSectionTable(
      kSquashfsBytes, std::vector{MakeSection("uki", kFirstOffset, kSpace - kFirstOffset)});
  EXPECT_EQ(ParseSectionTable(block, kSquashfsBytes, kSpace).error, SectionTableError::kNone);
}

TEST(SectionTable, EveryFlippedByteIsNoticed) {
  const Block good = EncodeSectionTable(kSquashfsBytes, GoodSections());
  for (size_t at = 0; at < good.size(); ++at) {
    Block block = good;
    block[at] ^= 0x10;
    EXPECT_NE(ParseSectionTable(block, kSquashfsBytes, kSpace).error, SectionTableError::kNone)
        << "byte " << at;
  }
}

TEST(Squashfs, SizeComesFromTheSuperblock) {
  std::vector<uint8_t> superblock(96);
  Store32(superblock, 0, 0x73717368);
  superblock[28] = 4;
  Store64(superblock, 40, 123456);
  EXPECT_EQ(SquashfsBytesUsed(superblock), 123456u);
  EXPECT_EQ(SquashfsBytesUsed(std::span(superblock).first(95)), std::nullopt);
  Store64(superblock, 40, 95);
  EXPECT_EQ(SquashfsBytesUsed(superblock), std::nullopt);
  Store64(superblock, 40, 123456);
  superblock[28] = 3;
  EXPECT_EQ(SquashfsBytesUsed(superblock), std::nullopt);
  EXPECT_EQ(SquashfsBytesUsed(std::vector<uint8_t>(4096)), std::nullopt);
}

TEST(Squashfs, SectionTableStandsAtTheNextBlock) {
  EXPECT_EQ(SectionTableOffset(4096), 4096u);
  EXPECT_EQ(SectionTableOffset(4097), 8192u);
  EXPECT_EQ(SectionTableOffset(UINT64_MAX), std::nullopt);
}

}  // namespace
}  // namespace matic::boot
