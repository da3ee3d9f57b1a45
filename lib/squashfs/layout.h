// What a squashfs 4.0 consists of, block by block, as it is stored
// (https://dr-emann.github.io/squashfs; Documentation/filesystems/squashfs.rst of Linux).
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <stop_token>
#include <vector>

#include "lib/base/result.h"
#include "lib/os/block_device.h"

namespace matic::squashfs {

// Data and fragment blocks unpack to at most this.
inline constexpr uint32_t kMaxBlockBytes = 1024 * 1024;
inline constexpr uint32_t kMetadataBytes = 8192;
// In front of each metadata block: its length, and whether it is packed.
inline constexpr uint32_t kMetadataHeaderBytes = 2;

enum class BlockKind : uint8_t {
  kData,      // of a file
  kFragment,  // ends of files, put together
  kMetadata,  // inodes, names and tables; its two bytes of header are part of it
  kOther,     // the superblock, tables of offsets, padding: stored as they are
};

// Where a block is in the squashfs, and what it is. 16 bytes, for there are many.
struct Block {
  uint64_t offset = 0;
  uint32_t stored_bytes = 0;
  BlockKind kind = BlockKind::kOther;
  bool packed = false;  // compressed

  bool operator==(const Block&) const = default;
};

struct Superblock {
  uint64_t bytes = 0;        // of the squashfs
  uint32_t block_bytes = 0;  // that data and fragment blocks unpack to, but for a file's last one
  uint16_t compressor = 0;   // as the superblock numbers them; names: CompressorName
  int level = 0;             // of zstd, where the squashfs says it; 0: it does not
};

struct Layout {
  Superblock superblock;
  // One behind the other from 0 to superblock.bytes, no gaps, none longer than kMaxBlockBytes + 2.
  // Files that share a block have it once.
  std::vector<Block> blocks;
};

// Nothing where the device does not begin with a squashfs 4.0 that could be read.
std::optional<Superblock> ReadSuperblock(BlockDevice& device);

// Reads the metadata only: a few thousandths of the whole. For content of any origin: kCorrupt
// where it contradicts itself, and never more memory than a squashfs of that many bytes may need
// (about 32 bytes for each KiB, for images of small blocks). kCancelled after a stop.
Result<Layout> ReadLayout(BlockDevice& device, std::stop_token stop = {});

}  // namespace matic::squashfs
