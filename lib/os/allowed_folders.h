// Files of this machine that others may name: those below a few folders, and no others.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "lib/base/result.h"
#include "lib/base/unique_fd.h"

namespace matic {

struct PlainFile {
  UniqueFd fd;  // for reading
  uint64_t size = 0;
};

class AllowedFolders {
 public:
  // Absolute paths. One that does not exist (yet) is none.
  explicit AllowedFolders(std::vector<std::filesystem::path> folders);

  // What is checked is what is open: nobody can put another file there in between. Devices and
  // FIFOs are not opened at all, since that alone may hold the caller up or start something.
  //   kRefused          in none of the folders, or only by a symbolic link that leads out of it
  //   kNotFound         no such file
  //   kInvalidArgument  not a plain file
  Result<PlainFile> Open(const std::filesystem::path& path) const;

 private:
  std::vector<std::filesystem::path> folders_;
};

}  // namespace matic
