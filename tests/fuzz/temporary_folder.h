// A folder in memory for targets whose parsers read files: one for the life of the program, emptied
// before each input.
#pragma once

#include <filesystem>
#include <string_view>

#include "tests/unit/lib/os/temporary_folder.h"

namespace matic::fuzz {

class TemporaryFolder {
 public:
  const std::filesystem::path& path() const { return folder_.path(); }

  void Empty() const {
    for (const auto& entry : std::filesystem::directory_iterator(path())) {
      std::filesystem::remove_all(entry.path());
    }
  }
  std::filesystem::path Put(std::string_view name, std::string_view content) const {
    return folder_.Put(name, content);
  }

 private:
  // Written a thousand times a second, and synced each time.
  const matic::TemporaryFolder folder_{std::filesystem::is_directory("/dev/shm") ? "/dev/shm"
                                                                                 : "/tmp"};
};

}  // namespace matic::fuzz
