// A new GPT on an image of a disk. With every GUID given, the same input makes the same bytes.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>

#include "lib/gpt/gpt_table.h"

namespace matic::gpt {

struct NewPartition {
  std::string name;  // at most 36 characters
  boot::Guid type;
  boot::Guid unique;        // zero: a random one
  uint64_t size_bytes = 0;  // a multiple of the alignment; 0, of the last one only: what is left
  uint64_t attributes = 0;
};

struct NewGpt {
  boot::Guid disk_guid = {};  // zero: a random one
  uint32_t sector_size = 512;
  // Partitions start at multiples of it, one after the other.
  uint64_t alignment_bytes = 1024 * 1024;
  std::span<const NewPartition> partitions = {};
};

// Writes a table with a protective MBR to the plain file `path`, whose size is the disk's, and
// syncs it. What the file held as a table before is lost. Returns what was read back.
// kInvalidArgument where the partitions do not fit.
Result<GptTable> CreateGpt(const std::filesystem::path& path, const NewGpt& gpt);

}  // namespace matic::gpt
