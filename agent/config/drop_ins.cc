#include "agent/config/drop_ins.h"

#include <algorithm>
#include <string>
#include <system_error>

namespace matic::config {
namespace {

namespace fs = std::filesystem;

constexpr size_t kMaxFiles = 64;
// Whatever they are called: a folder of that many is not the one that was meant.
constexpr size_t kMaxEntries = 4096;

tl::unexpected<Error> Refuse(const fs::path& where, const std::string& wrong) {
  return Fail(ErrorCode::kInvalidArgument, where.string() + ": " + wrong);
}

Result<> CheckIsFile(const fs::path& file) {
  std::error_code error;
  const fs::file_status status = fs::status(file, error);
  if (status.type() == fs::file_type::regular) return {};
  if (status.type() == fs::file_type::not_found) {
    return Refuse(file, "a symbolic link to nothing; remove it, or make what it names");
  }
  if (status.type() == fs::file_type::none) return Fail(OsError(file.string(), error.value()));
  return Refuse(file, "must be a plain file");
}

Result<> Sort(const fs::path& entry, DropIns& found) {
  const std::string name = entry.filename().string();
  if (name.starts_with('.')) return {};  // an editor's, or a package manager's
  if (entry.extension() != ".yaml") {
    found.ignored.push_back(entry);
    return {};
  }
  MATIC_TRY(CheckIsFile(entry));
  found.files.push_back(entry);
  return {};
}

}  // namespace

Result<DropIns> FindDropIns(const fs::path& folder) {
  std::error_code error;
  DropIns found;
  fs::directory_iterator entry(folder, error);
  if (error == std::errc::no_such_file_or_directory && !fs::is_symlink(fs::path(folder))) {
    return found;
  }
  size_t entries = 0;
  while (!error && entry != fs::directory_iterator()) {
    if (++entries > kMaxEntries) return Refuse(folder, "has far more files than it may");
    MATIC_TRY(Sort(entry->path(), found));
    entry.increment(error);
  }
  if (error) return Fail(OsError("list " + folder.string(), error.value()));
  if (found.files.size() > kMaxFiles) {
    return Refuse(folder, "has " + std::to_string(found.files.size()) + " files, may have " +
                              std::to_string(kMaxFiles));
  }
  std::ranges::sort(found.files);
  std::ranges::sort(found.ignored);
  return found;
}

}  // namespace matic::config
