// A folder in memory for targets whose parsers read files: one for the life of the program, emptied
// before each input.
#pragma once

#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

#include "tests/fuzz/input.h"

namespace matic::fuzz {

class TemporaryFolder {
 public:
  TemporaryFolder() {
    // Written a thousand times a second, and synced each time.
    std::string name = std::filesystem::is_directory("/dev/shm") ? "/dev/shm/matic-fuzz-XXXXXX"
                                                                 : "/tmp/matic-fuzz-XXXXXX";
    FUZZ_CLAIM(::mkdtemp(name.data()) != nullptr);
    path_ = name;
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder() { std::filesystem::remove_all(path_); }

  const std::filesystem::path& path() const { return path_; }

  void Empty() const {
    for (const auto& entry : std::filesystem::directory_iterator(path_)) {
      std::filesystem::remove_all(entry.path());
    }
  }
  std::filesystem::path Put(std::string_view name, std::string_view content) const {
    const std::filesystem::path file = path_ / name;
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file, std::ios::binary).write(content.data(), std::ssize(content));
    return file;
  }

 private:
  std::filesystem::path path_;
};

}  // namespace matic::fuzz
