#include "lib/os/allowed_folders.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace matic {
namespace {

namespace fs = std::filesystem;

// Nothing where `path` is not below `folder`. Both are without "." and "..".
std::string Below(const fs::path& folder, const fs::path& path) {
  const auto [end, rest] = std::mismatch(folder.begin(), folder.end(), path.begin(), path.end());
  if (end != folder.end()) return "";
  fs::path below;
  for (auto part = rest; part != path.end(); ++part) below /= *part;
  return below.string();
}

// Without the slash at its end, which would be an empty last part.
fs::path Folder(const fs::path& path) {
  const fs::path normal = path.lexically_normal();
  return normal.has_filename() || !normal.has_relative_path() ? normal : normal.parent_path();
}

// A name of the file for looking, not for reading: opening a device may start something.
Result<UniqueFd> Find(const fs::path& folder, const std::string& below, const std::string& name) {
  const UniqueFd start(::open(folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!start.valid()) return Fail(OsError("open " + name, errno));
  open_how how{};
  how.flags = O_PATH | O_CLOEXEC;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
  UniqueFd found(
      static_cast<int>(::syscall(SYS_openat2, start.get(), below.c_str(), &how, sizeof how)));
  if (found.valid()) return found;
  if (errno == EXDEV || errno == ELOOP) {
    return Fail(ErrorCode::kRefused,
                name + ": a symbolic link leads out of " + folder.string() + ", refused");
  }
  return Fail(OsError("open " + name, errno));
}

Result<PlainFile> OpenFound(const UniqueFd& found, const std::string& name) {
  struct stat facts {};
  if (::fstat(found.get(), &facts) != 0) return Fail(OsError("look at " + name, errno));
  if (!S_ISREG(facts.st_mode))
    return Fail(ErrorCode::kInvalidArgument, name + " is not a plain file");
  const std::string same = "/proc/self/fd/" + std::to_string(found.get());
  UniqueFd fd(::open(same.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
  if (!fd.valid()) return Fail(OsError("open " + name, errno));
  return PlainFile{std::move(fd), static_cast<uint64_t>(facts.st_size)};
}

std::string Join(const std::vector<fs::path>& folders) {
  std::string joined;
  for (const fs::path& folder : folders) joined += (joined.empty() ? "" : ", ") + folder.string();
  return joined.empty() ? "none" : joined;
}

}  // namespace

AllowedFolders::AllowedFolders(std::vector<fs::path> folders) : folders_(std::move(folders)) {
  for (fs::path& folder : folders_) folder = Folder(folder);
}

Result<PlainFile> AllowedFolders::Open(const fs::path& path) const {
  const fs::path normal = path.lexically_normal();
  Error error{ErrorCode::kRefused, path.string() + " is in no folder that files are taken from (" +
                                       Join(folders_) + ")"};
  for (const fs::path& folder : folders_) {
    const std::string below = Below(folder, normal);
    if (below.empty()) continue;
    const auto found = Find(folder, below, path.string());
    if (found) return OpenFound(*found, path.string());
    error = found.error();
  }
  return Fail(error);
}

}  // namespace matic
