#include "lib/os/machine_id.h"

#include <algorithm>

#include "lib/os/durable_file.h"

namespace matic {

Result<std::string> ReadMachineId(const std::filesystem::path& path) {
  MATIC_ASSIGN(std::string id, ReadFile(path, 256));
  while (!id.empty() && id.back() == '\n') id.pop_back();
  const bool hex = std::ranges::all_of(
      id, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
  if (id.size() != 32 || !hex) {
    return Fail(ErrorCode::kCorrupt, path.string() + ": not a machine id: \"" + id + "\"");
  }
  return id;
}

}  // namespace matic
