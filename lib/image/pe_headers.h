// The section headers of a PE32+ file, as far as a unified kernel image needs them (Microsoft PE
// format specification, "File Headers" and "Section Table").
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/result.h"

namespace matic::image {

enum class PeMachine : uint16_t { kX64 = 0x8664, kArm64 = 0xaa64 };

struct PeSection {
  std::string name;          // ".linux"; at most 8 characters
  uint64_t address = 0;      // where it is loaded, from the image's base
  uint64_t size = 0;         // in memory
  uint64_t file_offset = 0;  // where its content is in the file
  uint64_t file_size = 0;    // its content there; padded, or shorter than `size`

  // Content without the padding.
  uint64_t content_size() const { return size < file_size ? size : file_size; }
};

struct PeHeaders {
  uint16_t machine = 0;
  uint64_t image_base = 0;
  uint64_t section_alignment = 0;
  // Offsets in the file of two u32 that say nothing about the content.
  uint64_t time_stamp_offset = 0;
  uint64_t checksum_offset = 0;
  // Where the file's signatures are, behind all sections; no bytes where it has none.
  uint64_t signatures_offset = 0;
  uint64_t signatures_bytes = 0;
  std::vector<PeSection> sections;

  const PeSection* Find(std::string_view name) const;  // null where there is none
};

// More than headers ever take here; reading this much of a file's start is enough.
inline constexpr uint64_t kPeHeaderBytes = 64 * 1024;

// `start` is the file's first bytes (kPeHeaderBytes, or all of a smaller file). Every section,
// and the table of signatures, is within `file_size`. kCorrupt otherwise, and where it is no PE32+
// file.
Result<PeHeaders> ParsePeHeaders(std::span<const uint8_t> start, uint64_t file_size);

}  // namespace matic::image
