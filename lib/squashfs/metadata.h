// Metadata blocks one behind the other, read as one stream of bytes.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <stop_token>

#include "lib/os/read_window.h"
#include "lib/squashfs/block_list.h"
#include "lib/squashfs/codec.h"

namespace matic::squashfs {

// All that walking over metadata takes. The references must outlive what uses them.
struct MetadataSource {
  ReadWindow& window;
  Unpacker& unpacker;
  BlockList& found;
  std::stop_token stop;
};

// The block at `offset`, which must end at `limit` at most: added to what was found, unpacked into
// `unpacked` where that is wanted (kMetadataBytes of room), the length of it in the result.
struct MetadataBlock {
  Block block;
  size_t unpacked_bytes = 0;
};
Result<MetadataBlock> ReadMetadataBlock(MetadataSource& source, uint64_t offset, uint64_t limit,
                                        std::span<uint8_t> unpacked);

// Adds the blocks that fill [from, to), unread but for their headers.
Result<> WalkMetadata(MetadataSource& source, uint64_t from, uint64_t to);

class MetadataStream {
 public:
  // The blocks that fill [from, to).
  MetadataStream(MetadataSource& source, uint64_t from, uint64_t to);

  // The next bytes. kCorrupt where the blocks end before.
  Result<> Read(std::span<uint8_t> bytes);
  Result<> Skip(uint64_t bytes);
  // Adds the blocks behind the last one that was read.
  Result<> Finish();

 private:
  Result<> Next();

  MetadataSource& source_;
  uint64_t at_;
  uint64_t to_;
  std::array<uint8_t, kMetadataBytes> unpacked_{};
  std::span<const uint8_t> left_;
};

}  // namespace matic::squashfs
