// Files of which only what is not zero takes room.
#pragma once

#include <cstdint>
#include <filesystem>

#include "lib/base/result.h"

namespace matic::osctl {

// A new file of `size` bytes, all of them holes.
Result<> CreateSparseFile(const std::filesystem::path& path, uint64_t size);

// Copies all of `from` to `offset` of `to`, where there are zeros only: holes and blocks of zeros
// are left out.
Result<> CopySparse(const std::filesystem::path& from, const std::filesystem::path& to,
                    uint64_t offset);

}  // namespace matic::osctl
