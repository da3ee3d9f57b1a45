// The files that the agent is configured by.
#pragma once

#include <filesystem>
#include <vector>

#include "agent/config/config.h"
#include "lib/base/result.h"

namespace matic {

struct ConfigFiles {
  std::vector<std::filesystem::path> files;
  config::MissingFile missing;

  Result<config::Loaded> Load() const { return config::LoadFiles(files, missing); }
};

// kPermission names a file that others than root can write: whoever writes there decides what runs
// as root.
Result<> CheckOwners(const config::Loaded& loaded);

}  // namespace matic
