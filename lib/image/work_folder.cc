#include "lib/image/work_folder.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include <cerrno>
#include <string>

#include "lib/base/unique_fd.h"

namespace matic::image {
namespace {

namespace fs = std::filesystem;

fs::path FolderOf(const fs::path& path) {
  return path.has_parent_path() ? path.parent_path() : fs::path(".");
}

Result<> Sync(const fs::path& path, int flags) {
  const UniqueFd fd(::open(path.c_str(), flags | O_CLOEXEC));
  if (!fd.valid()) return Fail(OsError("open " + path.string(), errno));
  if (::fsync(fd.get()) != 0) return Fail(OsError("sync " + path.string(), errno));
  return {};
}

}  // namespace

Result<WorkFolder> WorkFolder::Beside(const fs::path& output) {
  std::error_code error;
  if (fs::is_directory(output, error)) {
    return Fail(ErrorCode::kInvalidArgument, output.string() + " is a folder, not a file to write");
  }
  std::string name = (FolderOf(output) / ("." + output.filename().string() + ".XXXXXX")).string();
  if (::mkdtemp(name.data()) == nullptr) {
    return Fail(OsError("create a folder beside " + output.string(), errno));
  }
  return WorkFolder(name);
}

WorkFolder::WorkFolder(WorkFolder&& other) noexcept : path_(std::move(other.path_)) {
  other.path_.clear();
}

WorkFolder::~WorkFolder() {
  if (path_.empty()) return;
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

Result<> WorkFolder::Publish(const fs::path& file, const fs::path& output,
                             const std::stop_token& stop) const {
  MATIC_TRY(Sync(file, O_RDONLY));
  if (stop.stop_requested()) return Fail(ErrorCode::kCancelled, "stopped");
  if (::rename(file.c_str(), output.c_str()) != 0) {
    return Fail(OsError("rename to " + output.string(), errno));
  }
  return Sync(FolderOf(output), O_RDONLY | O_DIRECTORY);
}

}  // namespace matic::image
