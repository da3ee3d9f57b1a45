// A patch as the agent applies it. The input is flags, two bytes that say how long the old image
// is, the old image, and the patch.

#include <algorithm>

#include "boot/policy/crc32.h"
#include "boot/policy/little_endian.h"
#include "lib/delta/patch_applier.h"
#include "tests/fuzz/input.h"
#include "tests/fuzz/memory_device.h"

namespace matic {
namespace {

// Enough for any mutation to show itself, and not so much that one takes seconds.
constexpr uint64_t kMostMade = 4 * 1024 * 1024;

void Mend(std::vector<uint8_t>& file) {
  if (file.size() < delta::kPatchPrefixBytes) return;
  const size_t length = boot::Load32(file, 12);
  if (length < 4 || length > file.size()) return;
  boot::Store32(file, length - 4, boot::Crc32(std::span(file).first(length - 4)));
}

void ClaimFilled(const delta::PatchHeader& header) {
  uint64_t end = 0;
  for (const delta::ByteRange& range : header.ranges) {
    FUZZ_CLAIM(range.offset >= end && range.length > 0);
    end = range.offset + range.length;
    FUZZ_CLAIM(end <= header.new_bytes);
  }
  uint64_t filled = 0;
  for (const delta::NewPiece& piece : header.new_pieces) filled += piece.stored_bytes;
  FUZZ_CLAIM(filled == header.made_bytes());
  FUZZ_CLAIM(header.unpacked_bytes() <= delta::MaxUnpackedBytes(filled));
}

// What it makes of the new image, up to the first bytes that it does not make.
std::vector<uint8_t> Made(delta::PatchApplier& applier, uint64_t step) {
  std::vector<uint8_t> made;
  std::vector<uint8_t> bytes;
  for (const delta::ByteRange& range : applier.header().ranges) {
    for (uint64_t done = 0; done < range.length; done += bytes.size()) {
      bytes.resize(std::min<uint64_t>(range.length - done, step));
      const auto read = applier.Read(range.offset + done, bytes);
      if (!read || !*read) return made;
      made.insert(made.end(), bytes.begin(), bytes.end());
    }
  }
  FUZZ_CLAIM(made.size() == applier.header().made_bytes());
  return made;
}

}  // namespace
}  // namespace matic

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace matic;
  fuzz::Input input(data, size);
  const bool mend = input.Flag();
  const size_t old_bytes = input.Number<uint16_t>();
  fuzz::MemoryDevice old_image(input.Take(old_bytes));
  const auto rest = input.Rest();
  std::vector<uint8_t> file(rest.begin(), rest.end());
  if (mend) Mend(file);
  const auto open = [&] {
    const delta::PatchReader reader =
        [&file, at = size_t{0}](std::span<uint8_t> bytes) mutable -> Result<size_t> {
      const size_t part = std::min(bytes.size(), file.size() - at);
      std::copy_n(file.begin() + static_cast<ptrdiff_t>(at), part, bytes.begin());
      at += part;
      return part;
    };
    return delta::PatchApplier::Open(reader, old_image, {.packers = 1, .stop = {}});
  };
  auto applier = open();
  if (!applier) {
    FUZZ_CLAIM(!applier.error().message.empty());
    return 0;
  }
  ClaimFilled((*applier)->header());
  if ((*applier)->header().unpacked_bytes() > kMostMade) return 0;
  if (!(*applier)->TryPacker()) return 0;
  const std::vector<uint8_t> made = Made(**applier, 65536);
  auto again = open();
  FUZZ_CLAIM(again.has_value());
  const std::vector<uint8_t> in_steps = Made(**again, 4093);
  const size_t both = std::min(made.size(), in_steps.size());
  FUZZ_CLAIM(
      std::equal(made.begin(), made.begin() + static_cast<ptrdiff_t>(both), in_steps.begin()));
  return 0;
}
