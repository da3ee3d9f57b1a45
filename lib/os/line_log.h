// A file of lines that grows at its end and is kept from growing for ever.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/result.h"

namespace matic {

// A torn last line, left by a power loss, spoils no other. Not thread-safe.
class LineLog {
 public:
  LineLog(std::filesystem::path file, size_t max_bytes)
      : file_(std::move(file)), max_bytes_(max_bytes) {}

  const std::filesystem::path& file() const { return file_; }

  // The line, without a line break in it, is on disk when this returns. Past `max_bytes` the older
  // half of the file is dropped.
  Result<> Append(std::string_view line);

  // Oldest first; none where there is no file yet, and of a link or a pipe in its place, which
  // Append refuses. What a power loss left of a line is among them.
  Result<std::vector<std::string>> Read() const;

 private:
  Result<> DropOlderHalf();

  std::filesystem::path file_;
  size_t max_bytes_;
};

}  // namespace matic
