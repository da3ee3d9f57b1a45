// The section table behind a squashfs. The input is a flag (mend the checksum, take the table's own
// S), u64 S, u64 space, then the block, filled up with zeros.

#include <array>

#include "boot/policy/crc32.h"
#include "boot/policy/little_endian.h"
#include "boot/policy/section_table.h"
#include "tests/fuzz/input.h"

namespace {

using namespace matic::boot;

// Every section is where it may be, and none is where another is.
void ClaimInside(const SectionTable& table, uint64_t space) {
  const auto offset = SectionTableOffset(table.squashfs_bytes);
  FUZZ_CLAIM(offset && *offset >= table.squashfs_bytes && *offset % kImageBlockBytes == 0);
  FUZZ_CLAIM(table.count <= kMaxSections && table.Find(kUkiSection) != nullptr);
  for (const Section& section : table.used()) {
    FUZZ_CLAIM(section.offset % kImageBlockBytes == 0);
    FUZZ_CLAIM(section.offset >= *offset + kSectionTableBytes);
    FUZZ_CLAIM(section.length > 0 && section.offset <= space &&
               section.length <= space - section.offset);
    for (const Section& other : table.used()) {
      if (&other == &section) continue;
      FUZZ_CLAIM(other.type != section.type);
      FUZZ_CLAIM(other.offset + other.length <= section.offset ||
                 section.offset + section.length <= other.offset);
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  matic::fuzz::Input input(data, size);
  const bool mend = input.Flag();
  uint64_t squashfs_bytes = input.Number<uint64_t>();
  const uint64_t space = input.Number<uint64_t>();
  std::array<uint8_t, kSectionTableBytes> block{};
  const auto bytes = input.Take(block.size());
  std::ranges::copy(bytes, block.begin());
  if (mend) {
    squashfs_bytes = Load64(block, 16);
    Store32(block, block.size() - 4, Crc32(std::span(block).first(block.size() - 4)));
  }
  const SectionTableParse parse = ParseSectionTable(block, squashfs_bytes, space);
  FUZZ_CLAIM(!DescribeSectionTableError(parse.error).empty());
  if (parse.error != SectionTableError::kNone) return 0;
  ClaimInside(parse.table, space);

  const auto again = EncodeSectionTable(squashfs_bytes, parse.table.used());
  const SectionTableParse back = ParseSectionTable(again, squashfs_bytes, space);
  FUZZ_CLAIM(back.error == SectionTableError::kNone && back.table.count == parse.table.count);
  FUZZ_CLAIM(std::ranges::equal(back.table.used(), parse.table.used()));
  return 0;
}
