#include "agent/config_files.h"

#include "lib/os/executable_folder.h"

namespace matic {

Result<> CheckOwners(const config::Loaded& loaded) {
  for (const std::filesystem::path& file : loaded.read) MATIC_TRY(CheckFile(file));
  return {};
}

}  // namespace matic
