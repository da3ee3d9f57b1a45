// Makes the hash tree of section "verity" (verity.h), and judges one by reading it all.
#pragma once

#include <cstdint>
#include <filesystem>

#include "lib/base/result.h"
#include "lib/crypto/sha256.h"
#include "lib/image/verity.h"
#include "lib/os/block_device.h"
#include "lib/os/process_runner.h"

namespace matic::image {

// Where a tree and what it is of are, in bytes from the start of an image.
struct VerityPlace {
  uint64_t squashfs_bytes = 0;
  uint64_t section_offset = 0;
  uint64_t section_bytes = 0;
};

// What has to stand on the command line for the tree: the digest of its top block. Reads two
// blocks. kCorrupt as CheckVeritySection.
Result<crypto::Digest> VerityRootHash(BlockDevice& image, const VerityPlace& place);

// Reads the squashfs and the tree: every block against the digest above it, up to `root_hash`.
// kCorrupt names the first block of the squashfs, or of the tree, that does not match.
Result<> VerifyVerityTree(BlockDevice& image, const VerityPlace& place,
                          const crypto::Digest& root_hash);

// Writes the section's content to the new file `output` with veritysetup, and returns its root
// hash. `squashfs` is of whole blocks, and its length is the one that its superblock counts,
// rounded up. Salt and UUID come from `seed`: the same input gives the same bytes.
Result<crypto::Digest> MakeVerityTree(ProcessRunner& runner, const std::filesystem::path& squashfs,
                                      const crypto::Digest& seed,
                                      const std::filesystem::path& output);

}  // namespace matic::image
