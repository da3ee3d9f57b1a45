// A state that something did not hold in, as a file.
#pragma once

#include <filesystem>

#include "lib/base/result.h"
#include "tests/crash/sweep.h"

namespace matic::crash {

// JSON; the disk's sectors and the files as hex.
Result<> SaveFailure(const Failure& failure, const std::filesystem::path& path);
// kCorrupt names what is missing.
Result<Failure> LoadFailure(const std::filesystem::path& path);

// The machine of that story comes to rest from that state; an error is what does not hold.
Result<> Replay(const Failure& failure, const std::filesystem::path& folder);

}  // namespace matic::crash
