// The headers of a kernel: in an image, and of the unified kernel images that a Nix host's boot
// loader starts. The input is u32 of file beyond the input, and the file's start.

#include "lib/image/pe_headers.h"
#include "tests/fuzz/input.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace matic;
  fuzz::Input input(data, size);
  const uint64_t beyond = input.Number<uint32_t>();
  const auto start = input.Rest();
  const uint64_t file_size = start.size() + beyond;
  const auto headers = image::ParsePeHeaders(start, file_size);
  if (!headers) {
    FUZZ_CLAIM(headers.error().code == ErrorCode::kCorrupt);
    return 0;
  }
  for (const image::PeSection& section : headers->sections) {
    FUZZ_CLAIM(section.name.size() <= 8 && headers->Find(section.name) != nullptr);
    FUZZ_CLAIM(section.file_offset <= file_size &&
               section.content_size() <= file_size - section.file_offset);
  }
  // They are overwritten with zeros to make files alike.
  FUZZ_CLAIM(headers->time_stamp_offset + 4 <= file_size);
  FUZZ_CLAIM(headers->checksum_offset + 4 <= file_size);
  return 0;
}
