// Programs that images and disks are made with.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "lib/os/process_runner.h"

namespace matic::image {

struct Tool {
  std::string_view program;  // "mksquashfs", found in PATH
  std::string_view package;  // Debian's, named where the program is missing
  std::chrono::minutes deadline{5};
};

// Runs it to its end and returns its output. kNotFound where it is not installed; kIo with the end
// of its output where it fails.
Result<std::string> RunTool(ProcessRunner& runner, const Tool& tool,
                            const std::vector<std::string>& arguments);

}  // namespace matic::image
