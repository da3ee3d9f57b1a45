// Small configuration files in a folder beside a large one, so that packages and tools need not
// edit what a person wrote.
#pragma once

#include <filesystem>
#include <vector>

#include "lib/base/result.h"

namespace matic::config {

struct DropIns {
  std::vector<std::filesystem::path> files;  // in the order of their names' bytes
  // Visible files whose names do not end in ".yaml": nobody reads them.
  std::vector<std::filesystem::path> ignored;
};

// Of `folder`; none where it does not exist. kInvalidArgument for more than 64 of them and for one
// that is no plain file, such as a symlink to nothing; kIo and kPermission for a folder that cannot
// be listed.
Result<DropIns> FindDropIns(const std::filesystem::path& folder);

}  // namespace matic::config
