// What dm-verity is told of a slot: where in it the squashfs and its hash tree are, and what to do
// with a block that does not match.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "lib/base/result.h"
#include "lib/image/verity.h"
#include "lib/os/block_device.h"

namespace matic::verity {

// The tree of an image in a slot.
struct SlotTree {
  image::VeritySuperblock superblock;
  uint64_t tree_block =
      0;  // its first block behind the superblock's, counted from the slot's start
};

// Reads three blocks, and trusts none of them: whatever they say, only data that leads to the root
// hash is ever read through the device. kCorrupt where the slot holds no image with such a tree.
Result<SlotTree> ReadSlotTree(BlockDevice& slot);

enum class OnMismatch {
  kRefuseRead,  // an I/O error for whoever reads, and a line in the kernel's log
  kPanic,       // and the machine restarts (panic= on the command line)
};

// The parameters of the kernel's target "verity"
// (Documentation/admin-guide/device-mapper/verity.rst). `root_hash` is 64 hex digits.
std::string TargetParameters(const SlotTree& tree, const std::filesystem::path& device,
                             const std::string& root_hash, OnMismatch on_mismatch);

// A system on trial has another to go back to, and what cannot be read there must not go unnoticed;
// a confirmed one would only read the same block again after a restart.
OnMismatch ChooseOnMismatch(const std::filesystem::path& partition);

}  // namespace matic::verity
