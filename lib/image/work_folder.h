// Where the parts of a file are made before the whole takes its name.
#pragma once

#include <filesystem>
#include <stop_token>
#include <string_view>

#include "lib/base/result.h"

namespace matic::image {

// A folder beside the file to be made, so that the end is a rename within one filesystem. It is
// removed with its content when this goes out of scope.
class WorkFolder {
 public:
  // Beside `output`, which need not exist; its folder must.
  static Result<WorkFolder> Beside(const std::filesystem::path& output);

  WorkFolder(WorkFolder&& other) noexcept;
  WorkFolder& operator=(WorkFolder&&) = delete;
  ~WorkFolder();

  std::filesystem::path File(std::string_view name) const { return path_ / name; }
  const std::filesystem::path& path() const { return path_; }

  // Syncs `file` of this folder, renames it to `output` and syncs the folder that holds it: after a
  // power loss `output` is what it was, or whole and new. kCancelled where `stop` was asked for
  // before the rename.
  Result<> Publish(const std::filesystem::path& file, const std::filesystem::path& output,
                   const std::stop_token& stop = {}) const;

 private:
  explicit WorkFolder(std::filesystem::path path) : path_(std::move(path)) {}

  std::filesystem::path path_;
};

}  // namespace matic::image
