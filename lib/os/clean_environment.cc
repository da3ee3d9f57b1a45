#include "lib/os/clean_environment.h"

#include <cstdlib>

namespace matic {

std::vector<std::string> CleanEnvironment() {
  const char* own = std::getenv("PATH");
  const std::string path = own != nullptr && *own != '\0'
                               ? own
                               : "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
  return {"PATH=" + path, "LANG=C.UTF-8", "HOME=/"};
}

}  // namespace matic
