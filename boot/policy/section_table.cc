#include "boot/policy/section_table.h"

#include <algorithm>

#include "boot/policy/crc32.h"
#include "boot/policy/little_endian.h"

namespace matic::boot {
namespace {

constexpr std::string_view kMagic = "MATICIMG";
constexpr size_t kVersionAt = 8;
constexpr size_t kCountAt = 12;
constexpr size_t kSquashfsBytesAt = 16;
constexpr size_t kEntriesAt = 24;
constexpr size_t kEntryBytes = 64;
constexpr size_t kOffsetInEntry = 8;
constexpr size_t kLengthInEntry = 16;
constexpr size_t kDigestInEntry = 24;
constexpr size_t kChecksumAt = kSectionTableBytes - 4;
static_assert(kEntriesAt + kMaxSections * kEntryBytes <= kChecksumAt);

constexpr uint32_t kSquashfsMagic = 0x73717368;
constexpr size_t kSquashfsMajorAt = 28;
constexpr size_t kSquashfsBytesUsedAt = 40;
constexpr size_t kSquashfsSuperblockBytes = 96;

SectionTableError CheckHeader(std::span<const uint8_t> block, uint64_t squashfs_bytes) {
  if (!std::equal(kMagic.begin(), kMagic.end(), block.begin())) return SectionTableError::kMagic;
  if (Load32(block, kChecksumAt) != Crc32(block.first(kChecksumAt))) {
    return SectionTableError::kChecksum;
  }
  if (Load32(block, kVersionAt) != kSectionTableVersion) return SectionTableError::kVersion;
  if (Load32(block, kCountAt) > kMaxSections) return SectionTableError::kCount;
  if (Load64(block, kSquashfsBytesAt) != squashfs_bytes) return SectionTableError::kSquashfsBytes;
  return SectionTableError::kNone;
}

Section LoadSection(std::span<const uint8_t> entry) {
  Section section;
  std::copy_n(entry.begin(), section.type.size(), section.type.begin());
  section.offset = Load64(entry, kOffsetInEntry);
  section.length = Load64(entry, kLengthInEntry);
  std::copy_n(entry.begin() + kDigestInEntry, section.sha256.size(), section.sha256.begin());
  return section;
}

// So that the type is the same to whoever reads it up to its end and to whoever compares all of it.
bool IsName(const std::array<char, 8>& type) {
  const auto end = std::find(type.begin(), type.end(), '\0');
  return end != type.begin() &&
         std::all_of(type.begin(), end, [](char c) { return c > ' ' && c < 0x7f; }) &&
         std::all_of(end, type.end(), [](char c) { return c == '\0'; });
}

SectionTableError CheckSection(const Section& section, std::span<const Section> before,
                               uint64_t first_offset, uint64_t space) {
  if (!IsName(section.type)) return SectionTableError::kTypeName;
  if (section.offset % kImageBlockBytes != 0) return SectionTableError::kUnaligned;
  if (section.offset < first_offset || section.offset > space || section.length == 0 ||
      section.length > space - section.offset) {
    return SectionTableError::kOutside;
  }
  for (const Section& other : before) {
    if (other.type == section.type) return SectionTableError::kDuplicateType;
    if (section.offset < other.offset + other.length &&
        other.offset < section.offset + section.length) {
      return SectionTableError::kOverlap;
    }
  }
  return SectionTableError::kNone;
}

}  // namespace

std::optional<uint64_t> SquashfsBytesUsed(std::span<const uint8_t> first_bytes) {
  if (first_bytes.size() < kSquashfsSuperblockBytes) return std::nullopt;
  if (Load32(first_bytes, 0) != kSquashfsMagic) return std::nullopt;
  if (Load16(first_bytes, kSquashfsMajorAt) != 4) return std::nullopt;
  const uint64_t bytes_used = Load64(first_bytes, kSquashfsBytesUsedAt);
  if (bytes_used < kSquashfsSuperblockBytes) return std::nullopt;
  return bytes_used;
}

std::optional<uint64_t> SectionTableOffset(uint64_t squashfs_bytes) {
  if (squashfs_bytes > UINT64_MAX - 2 * kImageBlockBytes) return std::nullopt;
  return (squashfs_bytes + kImageBlockBytes - 1) / kImageBlockBytes * kImageBlockBytes;
}

bool Section::IsType(std::string_view name) const { return type == SectionType(name); }

std::array<char, 8> SectionType(std::string_view name) {
  std::array<char, 8> type{};
  std::copy_n(name.begin(), std::min(name.size(), type.size()), type.begin());
  return type;
}

std::string_view DescribeSectionTableError(SectionTableError error) {
  switch (error) {
    case SectionTableError::kNone:
      return "no error";
    case SectionTableError::kMagic:
      return "no section table behind the squashfs";
    case SectionTableError::kChecksum:
      return "the section table's checksum does not match";
    case SectionTableError::kVersion:
      return "the section table's version is not known";
    case SectionTableError::kCount:
      return "the section table names too many sections";
    case SectionTableError::kSquashfsBytes:
      return "the section table belongs to another squashfs";
    case SectionTableError::kUnaligned:
      return "a section does not start at a multiple of 4096";
    case SectionTableError::kOutside:
      return "a section lies outside its space";
    case SectionTableError::kOverlap:
      return "two sections overlap";
    case SectionTableError::kDuplicateType:
      return "two sections have the same type";
    case SectionTableError::kTypeName:
      return "a section's type is no name";
    case SectionTableError::kNoUki:
      return "the image has no kernel section";
  }
  return "unknown";
}

const Section* SectionTable::Find(std::string_view type) const {
  for (const Section& section : used()) {
    if (section.IsType(type)) return &section;
  }
  return nullptr;
}

SectionTableParse ParseSectionTable(std::span<const uint8_t, kSectionTableBytes> block,
                                    uint64_t squashfs_bytes, uint64_t space) {
  SectionTableParse parse;
  parse.error = CheckHeader(block, squashfs_bytes);
  if (parse.error != SectionTableError::kNone) return parse;
  const std::optional<uint64_t> table_offset = SectionTableOffset(squashfs_bytes);
  if (!table_offset) {
    parse.error = SectionTableError::kSquashfsBytes;
    return parse;
  }
  SectionTable& table = parse.table;
  table.squashfs_bytes = squashfs_bytes;
  const size_t count = Load32(block, kCountAt);
  for (size_t i = 0; i < count; ++i) {
    const Section section = LoadSection(block.subspan(kEntriesAt + i * kEntryBytes, kEntryBytes));
    parse.error = CheckSection(section, table.used(), *table_offset + kSectionTableBytes, space);
    if (parse.error != SectionTableError::kNone) return parse;
    table.sections[table.count++] = section;
  }
  if (table.Find(kUkiSection) == nullptr) parse.error = SectionTableError::kNoUki;
  return parse;
}

std::array<uint8_t, kSectionTableBytes> EncodeSectionTable(uint64_t squashfs_bytes,
                                                           std::span<const Section> sections) {
  std::array<uint8_t, kSectionTableBytes> block{};
  std::copy(kMagic.begin(), kMagic.end(), block.begin());
  const std::span<uint8_t> bytes(block);
  Store32(bytes, kVersionAt, kSectionTableVersion);
  const size_t count = std::min(sections.size(), kMaxSections);
  Store32(bytes, kCountAt, static_cast<uint32_t>(count));
  Store64(bytes, kSquashfsBytesAt, squashfs_bytes);
  for (size_t i = 0; i < count; ++i) {
    const Section& section = sections[i];
    const std::span<uint8_t> entry = bytes.subspan(kEntriesAt + i * kEntryBytes, kEntryBytes);
    std::copy(section.type.begin(), section.type.end(), entry.begin());
    Store64(entry, kOffsetInEntry, section.offset);
    Store64(entry, kLengthInEntry, section.length);
    std::copy(section.sha256.begin(), section.sha256.end(), entry.begin() + kDigestInEntry);
  }
  Store32(bytes, kChecksumAt, Crc32(bytes.first(kChecksumAt)));
  return block;
}

}  // namespace matic::boot
