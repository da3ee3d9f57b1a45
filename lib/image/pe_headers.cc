#include "lib/image/pe_headers.h"

#include <algorithm>

#include "boot/policy/little_endian.h"

namespace matic::image {
namespace {

constexpr uint64_t kPeOffsetAt = 0x3c;
constexpr uint64_t kFileHeaderBytes = 24;  // the signature and the COFF header
constexpr uint64_t kSectionHeaderBytes = 40;
// Up to and with CheckSum; what follows is of no interest here.
constexpr uint64_t kOptionalHeaderBytes = 68;
// Of data directories: their number, the first one's place, the one that names signatures.
constexpr uint64_t kDirectoryCountAt = 108;
constexpr uint64_t kDirectoriesAt = 112;
constexpr uint64_t kSignaturesDirectory = 4;
constexpr uint16_t kPe32Plus = 0x20b;

tl::unexpected<Error> NotPe(std::string_view why) {
  return Fail(ErrorCode::kCorrupt, "no PE32+ file: " + std::string(why));
}

Result<PeSection> LoadSection(std::span<const uint8_t> header, uint64_t file_size) {
  const auto name = header.first(8);
  PeSection section;
  section.name.assign(name.begin(), std::find(name.begin(), name.end(), uint8_t{0}));
  section.size = boot::Load32(header, 8);
  section.address = boot::Load32(header, 12);
  section.file_size = boot::Load32(header, 16);
  section.file_offset = boot::Load32(header, 20);
  if (section.file_offset > file_size || section.file_size > file_size - section.file_offset) {
    return NotPe("its section " + section.name + " reaches beyond its end");
  }
  return section;
}

// By the data directory of certificates, whose address is an offset in the file.
Result<> LoadSignatures(std::span<const uint8_t> optional, uint64_t file_size, PeHeaders& headers) {
  const uint64_t entry = kDirectoriesAt + kSignaturesDirectory * 8;
  if (optional.size() < entry + 8 ||
      boot::Load32(optional, kDirectoryCountAt) <= kSignaturesDirectory) {
    return {};
  }
  headers.signatures_offset = boot::Load32(optional, entry);
  headers.signatures_bytes = boot::Load32(optional, entry + 4);
  if (headers.signatures_offset > file_size ||
      headers.signatures_bytes > file_size - headers.signatures_offset) {
    return NotPe("its signatures reach beyond its end");
  }
  return {};
}

}  // namespace

const PeSection* PeHeaders::Find(std::string_view name) const {
  const auto found = std::ranges::find(sections, name, &PeSection::name);
  return found == sections.end() ? nullptr : &*found;
}

Result<PeHeaders> ParsePeHeaders(std::span<const uint8_t> start, uint64_t file_size) {
  if (start.size() < kPeOffsetAt + 4 || start[0] != 'M' || start[1] != 'Z') {
    return NotPe("it does not begin with MZ");
  }
  const uint64_t pe = boot::Load32(start, kPeOffsetAt);
  const uint64_t optional = pe + kFileHeaderBytes;
  if (optional + kOptionalHeaderBytes > start.size()) return NotPe("its headers are cut off");
  if (boot::Load32(start, pe) != 0x4550) return NotPe("it has no PE signature");
  const uint64_t optional_bytes = boot::Load16(start, pe + 20);
  if (optional_bytes < kOptionalHeaderBytes || boot::Load16(start, optional) != kPe32Plus) {
    return NotPe("its optional header is of another kind");
  }
  PeHeaders headers;
  headers.machine = boot::Load16(start, pe + 4);
  headers.time_stamp_offset = pe + 8;
  headers.image_base = boot::Load64(start, optional + 24);
  headers.section_alignment = boot::Load32(start, optional + 32);
  headers.checksum_offset = optional + 64;
  const uint64_t count = boot::Load16(start, pe + 6);
  const uint64_t table = optional + optional_bytes;
  if (table + count * kSectionHeaderBytes > start.size()) return NotPe("its headers are cut off");
  MATIC_TRY(LoadSignatures(start.subspan(optional, optional_bytes), file_size, headers));
  for (uint64_t i = 0; i < count; ++i) {
    MATIC_ASSIGN(auto section,
                 LoadSection(start.subspan(table + i * kSectionHeaderBytes, kSectionHeaderBytes),
                             file_size));
    headers.sections.push_back(std::move(section));
  }
  return headers;
}

}  // namespace matic::image
