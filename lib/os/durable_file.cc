#include "lib/os/durable_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>

#include "lib/base/unique_fd.h"

namespace matic {
namespace {

namespace fs = std::filesystem;

constexpr int kMostSetAside = 1000;

fs::path FolderOf(const fs::path& path) {
  return path.has_parent_path() ? path.parent_path() : fs::path(".");
}

// A rename, or a new file's name, is durable only with its folder.
Result<> SyncFolder(const fs::path& folder) {
  UniqueFd fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd.valid()) return Fail(OsError("open " + folder.string(), errno));
  if (::fsync(fd.get()) != 0) return Fail(OsError("sync " + folder.string(), errno));
  return {};
}

Result<> WriteAll(int fd, std::string_view content, const fs::path& path) {
  while (!content.empty()) {
    const ssize_t n = ::write(fd, content.data(), content.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return Fail(OsError("write " + path.string(), errno));
    content.remove_prefix(static_cast<size_t>(n));
  }
  return {};
}

Result<> WriteAndSync(const fs::path& path, std::string_view content, mode_t mode) {
  // What a power loss left under this name is of no use to anybody.
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) {
    return Fail(OsError("replace " + path.string(), errno));
  }
  UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode));
  if (!fd.valid()) return Fail(OsError("create " + path.string(), errno));
  // The mode asked for, whatever the umask.
  if (::fchmod(fd.get(), mode) != 0) return Fail(OsError("set mode of " + path.string(), errno));
  MATIC_TRY(WriteAll(fd.get(), content, path));
  if (::fsync(fd.get()) != 0) return Fail(OsError("sync " + path.string(), errno));
  return {};
}

// Whether the last line was torn by a power loss.
Result<bool> EndsWithinLine(int fd, off_t size, const fs::path& path) {
  if (size == 0) return false;
  char last = 0;
  if (::pread(fd, &last, 1, size - 1) != 1) return Fail(OsError("read " + path.string(), errno));
  return last != '\n';
}

// For lines at its end. A link or a pipe in its place was left by somebody else, and leads
// elsewhere; one that is a pipe is opened without waiting for whoever reads from it.
Result<UniqueFd> OpenForLines(const fs::path& path) {
  UniqueFd fd(::open(path.c_str(),
                     O_RDWR | O_CREAT | O_APPEND | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600));
  const bool is_link = !fd.valid() && errno == ELOOP;
  if (!fd.valid() && !is_link) return Fail(OsError("open " + path.string(), errno));
  struct stat facts {};
  if (!is_link && ::fstat(fd.get(), &facts) != 0) {
    return Fail(OsError("open " + path.string(), errno));
  }
  if (!is_link && S_ISREG(facts.st_mode)) return fd;
  return Fail(ErrorCode::kPermission,
              "append to " + path.string() + ": it is " +
                  (is_link ? "a link, which is not followed" : "no regular file") +
                  ": see who made it, and remove it");
}

}  // namespace

Result<> WriteFileDurably(const fs::path& path, std::string_view content, uint32_t mode) {
  // One name for every write, so that cut ones do not pile up.
  const fs::path temporary = FolderOf(path) / ("." + path.filename().string() + ".new");
  Result<> written = WriteAndSync(temporary, content, static_cast<mode_t>(mode));
  if (written && ::rename(temporary.c_str(), path.c_str()) != 0) {
    written = Fail(OsError("rename " + temporary.string() + " to " + path.string(), errno));
  }
  if (!written) {
    ::unlink(temporary.c_str());
    return written;
  }
  return SyncFolder(FolderOf(path));
}

Result<> MakeFolderDurably(const fs::path& path, uint32_t mode) {
  if (::mkdir(path.c_str(), static_cast<mode_t>(mode)) != 0 && errno != EEXIST) {
    return Fail(OsError("make " + path.string(), errno));
  }
  // Also where it is not new: whoever made it may have been killed before this.
  return SyncFolder(FolderOf(path));
}

Result<> AppendLineDurably(const fs::path& path, std::string_view line) {
  if (line.find('\n') != std::string_view::npos) {
    return Fail(ErrorCode::kInvalidArgument, "append to " + path.string() + ": more than one line");
  }
  MATIC_ASSIGN(const UniqueFd fd, OpenForLines(path));
  struct stat facts {};
  if (::fstat(fd.get(), &facts) != 0) return Fail(OsError("open " + path.string(), errno));
  MATIC_ASSIGN(const bool torn, EndsWithinLine(fd.get(), facts.st_size, path));

  std::string text = torn ? "\n" : "";
  text += line;
  text += '\n';
  if (Result<> written = WriteAll(fd.get(), text, path); !written) {
    // A full disk took a part: leave the file as it was. If that fails too, the next append ends
    // it.
    if (::ftruncate(fd.get(), facts.st_size) != 0) return written;
    return written;
  }
  if (::fsync(fd.get()) != 0) return Fail(OsError("sync " + path.string(), errno));
  // Also where the file is not new: whoever made it may have been killed before this.
  return SyncFolder(FolderOf(path));
}

Result<std::string> ReadFile(const fs::path& path, size_t limit) {
  UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.valid()) return Fail(OsError("open " + path.string(), errno));
  std::string content;
  char buffer[16 * 1024];
  // Read to its end rather than to its size: files of /proc say 0.
  for (;;) {
    const ssize_t n = ::read(fd.get(), buffer, sizeof buffer);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return Fail(OsError("read " + path.string(), errno));
    if (n == 0) return content;
    content.append(buffer, static_cast<size_t>(n));
    if (content.size() > limit) {
      return Fail(ErrorCode::kInvalidArgument,
                  "read " + path.string() + ": larger than " + std::to_string(limit) + " bytes");
    }
  }
}

Result<> SyncFileSystem(const fs::path& folder) {
  const UniqueFd fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd.valid() || ::syncfs(fd.get()) != 0) {
    return Fail(OsError("sync " + folder.string(), errno));
  }
  return {};
}

Result<fs::path> SetAside(const fs::path& path) {
  for (int n = 1; n <= kMostSetAside; ++n) {
    fs::path aside = path;
    aside += ".bad-" + std::to_string(n);
    if (::renameat2(AT_FDCWD, path.c_str(), AT_FDCWD, aside.c_str(), RENAME_NOREPLACE) == 0) {
      MATIC_TRY(SyncFolder(FolderOf(path)));
      return aside;
    }
    if (errno != EEXIST) return Fail(OsError("set aside " + path.string(), errno));
  }
  return Fail(ErrorCode::kIo, "set aside " + path.string() + ": " + std::to_string(kMostSetAside) +
                                  " corrupt files are kept already");
}

}  // namespace matic
