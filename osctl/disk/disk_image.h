// A whole disk in a file: table, boot selector, images in their slots, state partition
// (docs/formats.md, "Disk"). What a factory writes to a new node, and what a VM starts from.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "boot/policy/slot.h"
#include "lib/crypto/sha256.h"
#include "lib/gpt/gpt_table.h"
#include "lib/image/secure_boot.h"
#include "lib/os/process_runner.h"

namespace matic::osctl {

struct DiskSpec {
  std::filesystem::path slot_a;
  std::filesystem::path slot_b;  // empty: the slot stays empty and is not bootable
  uint64_t size_bytes = 0;
  uint64_t slot_bytes = 0;      // 0: chosen by size
  std::filesystem::path state;  // a folder, the content of /var; empty: nothing
  std::filesystem::path selector;
  std::optional<image::BootKey> boot_key;  // signs a copy of the selector
  std::filesystem::path output;
  std::stop_token stop;
};

struct SlotContent {
  boot::Slot slot;
  std::string version;
  crypto::Digest sha256{};
};

struct DiskImage {
  gpt::GptTable table;
  std::vector<SlotContent> slots;  // those that hold an image
};

// Images are verified before they are written, and are factory images: successful at once. The file
// is sparse. After an error, a stop (kCancelled) or a power loss `output` is what it was.
Result<DiskImage> MakeDiskImage(ProcessRunner& runner, const DiskSpec& spec);

}  // namespace matic::osctl
