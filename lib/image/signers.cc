#include "lib/image/signers.h"

#include <algorithm>
#include <span>

#include "boot/policy/little_endian.h"
#include "boot/policy/section_table.h"
#include "lib/image/pe_headers.h"

namespace matic::image {
namespace {

// WIN_CERTIFICATE (UEFI specification 2.10, 32.2.4): u32 length with this header, u16 revision,
// u16 type; the next one at a multiple of 8.
constexpr size_t kHeaderBytes = 8;
constexpr size_t kTypeAt = 6;
constexpr uint16_t kPkcs7 = 0x0002;
constexpr uint64_t kMaxTableBytes = 256 * 1024;

tl::unexpected<Error> Damaged(std::string_view why) {
  return Fail(ErrorCode::kCorrupt, "the kernel's table of signatures " + std::string(why));
}

}  // namespace

Result<std::vector<crypto::ProgramSigner>> ReadKernelSigners(BlockDevice& device,
                                                             const ImageInfo& info) {
  const ImageSection& uki = *info.Find(boot::kUkiSection);
  std::vector<uint8_t> start(std::min(uki.length, kPeHeaderBytes));
  MATIC_TRY(device.Read(uki.offset, start));
  MATIC_ASSIGN(const auto headers, ParsePeHeaders(start, uki.length));
  if (headers.signatures_bytes > kMaxTableBytes) return Damaged("is too long");
  std::vector<uint8_t> table(headers.signatures_bytes);
  MATIC_TRY(device.Read(uki.offset + headers.signatures_offset, table));

  std::vector<crypto::ProgramSigner> signers;
  for (std::span<const uint8_t> rest = table; rest.size() >= kHeaderBytes;) {
    const size_t length = boot::Load32(rest, 0);
    if (length < kHeaderBytes || length > rest.size()) return Damaged("is cut off");
    if (boot::Load16(rest, kTypeAt) == kPkcs7) {
      const auto signature = rest.first(length).subspan(kHeaderBytes);
      MATIC_ASSIGN(const auto found, crypto::ReadProgramSigners(signature));
      signers.insert(signers.end(), found.begin(), found.end());
    }
    rest = rest.subspan(std::min(rest.size(), (length + 7) / 8 * 8));
  }
  return signers;
}

}  // namespace matic::image
