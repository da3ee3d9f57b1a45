// An image as the agent and osctl read it, in a file or a slot. The input is flags, the number of
// blocks of zeros behind it, and the image.

#include <algorithm>
#include <string>
#include <vector>

#include "boot/policy/crc32.h"
#include "boot/policy/little_endian.h"
#include "boot/policy/section_table.h"
#include "lib/image/image_reader.h"
#include "tests/fuzz/input.h"
#include "tests/fuzz/memory_device.h"

namespace matic {
namespace {

enum Flags : uint8_t {
  kMendTable = 1,    // the section table's checksum
  kMendDigests = 2,  // its digests of the sections
};

void Mend(std::vector<uint8_t>& bytes, uint8_t flags) {
  const auto squashfs = boot::SquashfsBytesUsed(bytes);
  const auto at = squashfs ? boot::SectionTableOffset(*squashfs) : std::nullopt;
  if (!at || bytes.size() < boot::kSectionTableBytes ||
      *at > bytes.size() - boot::kSectionTableBytes) {
    return;
  }
  const auto block = std::span(bytes).subspan(*at, boot::kSectionTableBytes);
  if ((flags & kMendDigests) != 0) {
    for (size_t i = 0; i < std::min<size_t>(boot::Load32(block, 12), boot::kMaxSections); ++i) {
      const auto entry = block.subspan(24 + 64 * i, 64);
      const uint64_t offset = boot::Load64(entry, 8);
      const uint64_t length = boot::Load64(entry, 16);
      if (offset > bytes.size() || length > bytes.size() - offset) continue;
      const auto digest = crypto::Sha256Of(std::span(bytes).subspan(offset, length));
      std::ranges::copy(digest, entry.subspan(24, 32).begin());
    }
  }
  boot::Store32(block, block.size() - 4, boot::Crc32(block.first(block.size() - 4)));
}

// Agent and selector judge by the same table: the kernel that one has checked is the one that the
// other starts.
void ClaimSameKernel(const std::vector<uint8_t>& bytes, const image::ImageInfo& info) {
  const auto at = boot::SectionTableOffset(*boot::SquashfsBytesUsed(bytes));
  FUZZ_CLAIM(at.has_value());
  const auto block = std::span(bytes).subspan(*at).first<boot::kSectionTableBytes>();
  const auto parse = boot::ParseSectionTable(block, info.squashfs_bytes, bytes.size());
  FUZZ_CLAIM(parse.error == boot::SectionTableError::kNone);
  const boot::Section* started = parse.table.Find(boot::kUkiSection);
  const image::ImageSection* checked = info.Find(boot::kUkiSection);
  FUZZ_CLAIM(started != nullptr && checked != nullptr);
  FUZZ_CLAIM(started->offset == checked->offset && started->length == checked->length);
}

}  // namespace
}  // namespace matic

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace matic;
  fuzz::Input input(data, size);
  const uint8_t flags = input.Byte();
  const size_t blocks = input.Byte() % 4;
  const auto rest = input.Rest();
  std::vector<uint8_t> bytes(rest.begin(), rest.end());
  bytes.resize(bytes.size() + blocks * boot::kImageBlockBytes);
  if ((flags & (kMendTable | kMendDigests)) != 0) Mend(bytes, flags);

  fuzz::MemoryDevice device(bytes);
  const auto info = image::InspectImage(device);
  if (!info) {
    FUZZ_CLAIM(info.error().code == ErrorCode::kCorrupt && !info.error().message.empty());
    return 0;
  }
  FUZZ_CLAIM(info->image_bytes <= bytes.size() && info->squashfs_bytes < info->image_bytes);
  ClaimSameKernel(bytes, *info);
  const auto digest = image::VerifyImage(device, *info);
  if (digest) {
    FUZZ_CLAIM(*digest == crypto::Sha256Of(std::span(bytes).first(info->image_bytes)));
  }
  return 0;
}
