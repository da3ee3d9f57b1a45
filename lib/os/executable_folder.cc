#include "lib/os/executable_folder.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string_view>
#include <system_error>

namespace matic {
namespace {

namespace fs = std::filesystem;

constexpr size_t kMaxEntries = 64;

bool IsLeftOut(std::string_view name) {
  constexpr std::string_view kEndings[] = {"~", ".bak", ".swp", ".rpmnew", ".rpmsave", ".md"};
  return name.starts_with('.') || name.starts_with("README") ||
         name.find(".dpkg-") != std::string_view::npos ||
         std::ranges::any_of(kEndings, [&](std::string_view end) { return name.ends_with(end); });
}

Result<struct stat> StatusOf(const fs::path& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return Fail(OsError(path.string(), errno));
  return status;
}

bool IsOurs(const struct stat& status) {
  return status.st_uid == 0 || status.st_uid == ::geteuid();
}

// In a sticky folder, such as /tmp, only the owner of an entry can replace it.
Result<> CheckFolder(const fs::path& folder) {
  MATIC_ASSIGN(const struct stat status, StatusOf(folder));
  const bool open = (status.st_mode & (S_IWGRP | S_IWOTH)) != 0;
  if (IsOurs(status) && (!open || (status.st_mode & S_ISVTX) != 0)) return {};
  return Fail(ErrorCode::kPermission, "the folder " + folder.string() +
                                          " can be changed by others than root: chown root and "
                                          "chmod go-w it");
}

Result<> CheckFoldersAbove(const fs::path& path) {
  for (fs::path folder = path.parent_path();; folder = folder.parent_path()) {
    MATIC_TRY(CheckFolder(folder));
    if (folder == folder.root_path()) return {};
  }
}

}  // namespace

Result<std::vector<FolderEntry>> ListExecutables(const fs::path& folder) {
  std::vector<FolderEntry> entries;
  std::error_code error;
  fs::directory_iterator it(folder, error);
  if (error == std::errc::no_such_file_or_directory) return entries;
  for (; !error && it != fs::directory_iterator(); it.increment(error)) {
    const fs::path path = it->path();
    std::error_code unknown;
    if (IsLeftOut(path.filename().native()) || fs::is_directory(path, unknown)) continue;
    if (entries.size() == kMaxEntries) {
      return Fail(ErrorCode::kInvalidArgument,
                  folder.string() + ": more than " + std::to_string(kMaxEntries) + " entries");
    }
    entries.push_back({path.filename().string(), path});
  }
  if (error) return Fail(OsError(folder.string(), error.value()));
  std::ranges::sort(entries, {}, &FolderEntry::name);
  return entries;
}

Result<> CheckPlace(const fs::path& path) {
  const fs::path named = fs::absolute(path).lexically_normal();
  MATIC_TRY(CheckFoldersAbove(named));
  std::error_code error;
  const fs::path folder = fs::canonical(named.parent_path(), error);
  if (error) return Fail(OsError(named.parent_path().string(), error.value()));
  return CheckFoldersAbove(folder / named.filename());
}

Result<> CheckFile(const fs::path& path) {
  std::error_code error;
  const fs::path real = fs::canonical(path, error);
  if (error) return Fail(OsError(path.string(), error.value()));
  MATIC_ASSIGN(const struct stat status, StatusOf(real));
  const bool by_group =
      (status.st_mode & S_IWGRP) != 0 && status.st_gid != 0 && status.st_gid != ::getegid();
  if (!IsOurs(status) || by_group || (status.st_mode & S_IWOTH) != 0) {
    return Fail(ErrorCode::kPermission, real.string() +
                                            " can be changed by others than root: chown root and "
                                            "chmod go-w it");
  }
  MATIC_TRY(CheckPlace(path));
  return CheckFoldersAbove(real);
}

Result<> CheckExecutable(const fs::path& path) {
  std::error_code error;
  const fs::path real = fs::canonical(path, error);
  if (error) return Fail(OsError(path.string(), error.value()));
  MATIC_ASSIGN(const struct stat status, StatusOf(real));
  const auto refuse = [&](const std::string& what) {
    return Fail(ErrorCode::kPermission, real.string() + " " + what);
  };
  if (!S_ISREG(status.st_mode)) return refuse("is no regular file");
  if (!IsOurs(status)) return refuse("does not belong to root: chown root it");
  if ((status.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
    return refuse("can be changed by others than root: chmod go-w it");
  }
  if ((status.st_mode & S_IXUSR) == 0) return refuse("is not executable: chmod +x it");
  // Whoever can replace a link chooses the program as well.
  MATIC_TRY(CheckPlace(path));
  return CheckFoldersAbove(real);
}

}  // namespace matic
