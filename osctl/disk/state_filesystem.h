// The state partition: ext4, seeded with what differs from node to node.
#pragma once

#include <cstdint>
#include <filesystem>

#include "lib/os/process_runner.h"

namespace matic::osctl {

struct StateSpec {
  std::filesystem::path seed;  // becomes the content of /var; empty: nothing
  uint64_t size_bytes = 0;
};

// Writes the filesystem to the new sparse file `output`, and uses `script` for a file of its own.
// Everything in it belongs to root, whoever runs this; modes are kept.
Result<> MakeStateFilesystem(ProcessRunner& runner, const StateSpec& spec,
                             const std::filesystem::path& output,
                             const std::filesystem::path& script);

}  // namespace matic::osctl
