// What a kernel kept of its own end: pstore, https://docs.kernel.org/admin-guide/pstore-blk.html
// and systemd-pstore(8), which moves the records out of the firmware's memory.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "lib/base/time.h"

namespace matic {

struct CrashRecord {
  std::filesystem::path path;
  std::string text;  // its last part
};

// Where records are on a machine with systemd, moved or not.
std::vector<std::filesystem::path> CrashRecordFolders();

// The newest record of kernel messages in `folders`, where it was made at `since` or later; at most
// its last `max_bytes`. A folder that is missing, and what cannot be read, has none.
std::optional<CrashRecord> NewestCrashRecord(const std::vector<std::filesystem::path>& folders,
                                             WallTime since, size_t max_bytes);

}  // namespace matic
