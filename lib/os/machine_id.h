// Which machine this is, across updates (machine-id(5)).
#pragma once

#include <filesystem>
#include <string>

#include "lib/base/result.h"

namespace matic {

// 32 lower-case hex digits. kCorrupt where the file holds anything else, such as "uninitialized".
Result<std::string> ReadMachineId(const std::filesystem::path& path = "/etc/machine-id");

}  // namespace matic
