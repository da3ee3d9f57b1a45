#include "lib/os/boot_id.h"

#include "lib/os/durable_file.h"

namespace matic {

Result<std::string> ReadBootId() {
  MATIC_ASSIGN(std::string id, ReadFile("/proc/sys/kernel/random/boot_id", 64));
  while (!id.empty() && id.back() == '\n') id.pop_back();
  return id;
}

}  // namespace matic
