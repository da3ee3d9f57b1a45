// Puts an image together: squashfs, section table, sections (docs/formats.md, "Image").
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>

#include "lib/base/result.h"
#include "lib/crypto/sha256.h"

namespace matic::image {

struct SectionContent {
  std::string type;  // at most 8 characters, one of a kind
  std::filesystem::path content;
};

struct WrittenImage {
  uint64_t size_bytes = 0;
  crypto::Digest sha256{};  // of the whole file
};

// The SHA-256 of the squashfs's first block, as the command line has to name it. Bytes behind a
// shorter squashfs count as zeros, as WriteImage writes them. kCorrupt where the file is no
// squashfs.
Result<crypto::Digest> SquashfsHeadDigest(const std::filesystem::path& squashfs);

// A new file `output` of the bytes that the superblock counts, and zeros up to a whole block: the
// squashfs as WriteImage will write it.
Result<> CopySquashfs(const std::filesystem::path& squashfs, const std::filesystem::path& output);

// Writes a new file `output`. Only the bytes that the squashfs's superblock counts are taken from
// `squashfs`, so an image may be given too, whose sections are then left behind. The file ends at a
// multiple of 4096. It is not synced.
Result<WrittenImage> WriteImage(const std::filesystem::path& squashfs,
                                std::span<const SectionContent> sections,
                                const std::filesystem::path& output);

}  // namespace matic::image
