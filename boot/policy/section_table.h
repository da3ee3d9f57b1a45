// What stands behind an image's squashfs: one block that names the sections (docs/formats.md,
// "Image"). All offsets and lengths are bytes from the start of the image, which is the start of
// the slot. Everything read is bounded before it is used; nothing in here is trusted for being
// signed.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "boot/policy/sha256.h"

namespace matic::boot {

inline constexpr size_t kImageBlockBytes = 4096;
inline constexpr size_t kSectionTableBytes = kImageBlockBytes;
inline constexpr uint32_t kSectionTableVersion = 1;
inline constexpr size_t kMaxSections = 63;
inline constexpr std::string_view kUkiSection = "uki";
inline constexpr std::string_view kVeritySection = "verity";
// Room for a kernel with every driver in its initrd; a length beyond it is damage, not a kernel.
inline constexpr uint64_t kMaxUkiBytes = uint64_t{1} << 30;

// S: the length of the squashfs, from its superblock (the first 96 bytes are enough). Nothing where
// the bytes are no squashfs 4.0.
std::optional<uint64_t> SquashfsBytesUsed(std::span<const uint8_t> first_bytes);

// Where the section table stands, for S; S rounded up to a block. Nothing where that overflows.
std::optional<uint64_t> SectionTableOffset(uint64_t squashfs_bytes);

struct Section {
  std::array<char, 8> type{};  // padded with zeros
  uint64_t offset = 0;         // a multiple of 4096, behind the section table
  uint64_t length = 0;
  Sha256Digest sha256{};

  bool operator==(const Section&) const = default;
  bool IsType(std::string_view name) const;
};
// The type field for a name of at most 8 characters.
std::array<char, 8> SectionType(std::string_view name);

enum class SectionTableError : uint8_t {
  kNone,
  kMagic,
  kChecksum,
  kVersion,
  kCount,
  kSquashfsBytes,  // S of the table is not bytes_used
  kUnaligned,
  kOutside,  // before the end of the table, or beyond the space there is
  kOverlap,
  kDuplicateType,
  kTypeName,  // none, or not printable, or with something behind its end
  kNoUki,
};
std::string_view DescribeSectionTableError(SectionTableError error);

struct SectionTable {
  uint64_t squashfs_bytes = 0;
  size_t count = 0;
  std::array<Section, kMaxSections> sections{};

  std::span<const Section> used() const { return std::span(sections).first(count); }
  const Section* Find(std::string_view type) const;  // null where there is none
};

struct SectionTableParse {
  SectionTableError error = SectionTableError::kNone;
  SectionTable table;  // meaningful only without an error; then it has a "uki"
};

// `space` is the size of the slot or file that holds the image. Sections of unknown types are
// bounded and kept.
SectionTableParse ParseSectionTable(std::span<const uint8_t, kSectionTableBytes> block,
                                    uint64_t squashfs_bytes, uint64_t space);

// The block for at most kMaxSections sections.
std::array<uint8_t, kSectionTableBytes> EncodeSectionTable(uint64_t squashfs_bytes,
                                                           std::span<const Section> sections);

}  // namespace matic::boot
