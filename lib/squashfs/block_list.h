// The blocks that were found so far, in any order and some of them several times.
#pragma once

#include <cstddef>
#include <vector>

#include "lib/squashfs/layout.h"

namespace matic::squashfs {

class BlockList {
 public:
  // Of a squashfs of that many bytes, which bounds how many there can be.
  explicit BlockList(uint64_t squashfs_bytes);

  // kCorrupt where the block is not inside, or where there are more than the squashfs may have.
  Result<> Add(const Block& block);

  // Sorted, each once, the bytes between them as blocks of kind kOther. kCorrupt where two overlap.
  Result<std::vector<Block>> Cover() &&;

 private:
  void SortOut();

  uint64_t squashfs_bytes_;
  size_t most_;
  size_t sort_out_at_;
  std::vector<Block> blocks_;
};

}  // namespace matic::squashfs
