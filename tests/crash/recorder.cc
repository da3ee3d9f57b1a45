// No <fcntl.h>: where the library is hardened it defines open itself.
#include "tests/crash/recorder.h"

#include <asm/fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdarg>
#include <utility>

namespace matic::crash {
namespace {

constexpr int kFromHere = -100;  // AT_FDCWD

// The interposed functions have no other way to find it.
std::atomic<Recorder*> current = nullptr;

int CallOpen(int folder_fd, const char* path, int flags, unsigned mode) {
  return static_cast<int>(::syscall(SYS_openat, folder_fd, path, flags, mode));
}

}  // namespace

Recorder::Recorder(const std::filesystem::path& disk, std::filesystem::path folder)
    : folder_(std::move(folder)) {
  disk_ = InodeOf(disk).value_or(Inode{});
  current = this;
}

Recorder::~Recorder() { current = nullptr; }

void Recorder::Begin(const Medium& medium) {
  const std::scoped_lock lock(mutex_);
  journal_.clear();
  names_.clear();
  files_.clear();
  folders_.clear();
  if (const std::optional<Inode> inode = InodeOf(folder_)) folders_[*inode] = "";
  last_file_ = 0;
  actor_ = Actor::kAgent;
  // The numbers that Storage gives them.
  for (const auto& [name, content] : medium.files) {
    names_[name] = ++last_file_;
    const std::optional<Inode> inode = InodeOf(folder_ / name);
    if (!inode) continue;
    if (name.ends_with('/')) {
      folders_[*inode] = name;
    } else {
      files_[*inode] = last_file_;
    }
  }
  mode_ = Mode::kRecording;
}

void Recorder::SetActor(Actor actor) {
  const std::scoped_lock lock(mutex_);
  actor_ = actor;
}

void Recorder::SetFirmwareFlushes(bool flushes) {
  const std::scoped_lock lock(mutex_);
  firmware_flushes_ = flushes;
}

void Recorder::NoteStart(const Start& start) {
  const std::scoped_lock lock(mutex_);
  Append(Kind::kStart).start = start;
}

void Recorder::Stop() {
  const std::scoped_lock lock(mutex_);
  mode_ = Mode::kStopped;
}

void Recorder::GoDown() {
  const std::scoped_lock lock(mutex_);
  mode_ = Mode::kDown;
}

void Recorder::ComeUp() {
  const std::scoped_lock lock(mutex_);
  mode_ = Mode::kRecording;
}

Journal Recorder::journal() const {
  const std::scoped_lock lock(mutex_);
  return journal_;
}

std::optional<Recorder::Inode> Recorder::InodeOf(int fd) {
  struct stat facts {};
  if (::fstat(fd, &facts) != 0) return std::nullopt;
  return Inode{facts.st_dev, facts.st_ino};
}

std::optional<Recorder::Inode> Recorder::InodeOf(const std::filesystem::path& path) {
  struct stat facts {};
  if (::stat(path.c_str(), &facts) != 0) return std::nullopt;
  return Inode{facts.st_dev, facts.st_ino};
}

std::optional<std::string> Recorder::NameOf(const char* path) const {
  const std::filesystem::path name = std::filesystem::path(path).lexically_relative(folder_);
  if (name.empty() || *name.begin() == ".." || *name.begin() == ".") return std::nullopt;
  return name.string();
}

Operation& Recorder::Append(Kind kind) {
  Operation operation;
  operation.kind = kind;
  operation.actor = actor_;
  journal_.push_back(std::move(operation));
  return journal_.back();
}

bool Recorder::Refuses() const {
  if (mode_ != Mode::kDown) return false;
  errno = EROFS;
  return true;
}

long Recorder::Write(int fd, const void* bytes, size_t length, std::optional<int64_t> offset) {
  const std::scoped_lock lock(mutex_);
  const std::optional<Inode> inode = InodeOf(fd);
  const auto file = inode ? files_.find(*inode) : files_.end();
  const bool watched =
      mode_ != Mode::kStopped && inode && (*inode == disk_ || file != files_.end());
  if (watched && Refuses()) return -1;
  const long done = offset ? ::syscall(SYS_pwrite64, fd, bytes, length, *offset)
                           : ::syscall(SYS_write, fd, bytes, length);
  if (done <= 0 || !watched) return done;
  const int64_t at = offset ? *offset : ::lseek(fd, 0, SEEK_CUR) - done;
  const auto* first = static_cast<const uint8_t*>(bytes);
  Operation& operation = Append(*inode == disk_ ? Kind::kDiskWrite : Kind::kFileWrite);
  operation.offset = static_cast<uint64_t>(at);
  operation.bytes.assign(first, first + done);
  if (file != files_.end()) operation.file = file->second;
  return done;
}

int Recorder::Truncate(int fd, int64_t length) {
  const std::scoped_lock lock(mutex_);
  const std::optional<Inode> inode = InodeOf(fd);
  const auto file = inode ? files_.find(*inode) : files_.end();
  const bool watched = mode_ != Mode::kStopped && file != files_.end();
  if (watched && Refuses()) return -1;
  const auto done = static_cast<int>(::syscall(SYS_ftruncate, fd, length));
  if (done != 0 || !watched) return done;
  Operation& operation = Append(Kind::kTruncate);
  operation.file = file->second;
  operation.offset = static_cast<uint64_t>(length);
  return done;
}

// Not carried out: nothing here outlives the process, and a sweep asks a million times.
int Recorder::Sync(int fd, long call) {
  const std::scoped_lock lock(mutex_);
  const std::optional<Inode> inode = mode_ == Mode::kStopped ? std::nullopt : InodeOf(fd);
  const auto file = inode ? files_.find(*inode) : files_.end();
  const auto folder = inode ? folders_.find(*inode) : folders_.end();
  const bool watched =
      inode && (*inode == disk_ || folder != folders_.end() || file != files_.end());
  if (!watched) return static_cast<int>(::syscall(call, fd));
  if (Refuses()) return -1;
  if (*inode == disk_) {
    if (actor_ == Actor::kAgent || firmware_flushes_) Append(Kind::kDiskFlush);
  } else if (folder != folders_.end()) {
    Append(Kind::kFolderSync).name = folder->second;
  } else {
    Append(Kind::kFileSync).file = file->second;
  }
  return 0;
}

int Recorder::Open(int folder_fd, const char* path, int flags, unsigned mode) {
  const std::optional<std::string> name =
      (flags & (O_CREAT | O_TRUNC)) != 0 ? NameOf(path) : std::nullopt;
  if (!name) return CallOpen(folder_fd, path, flags, mode);
  const std::scoped_lock lock(mutex_);
  if (Refuses()) return -1;
  const int fd = CallOpen(folder_fd, path, flags, mode);
  if (fd < 0 || mode_ == Mode::kStopped) return fd;
  const auto known = names_.find(*name);
  if (known == names_.end()) {
    Created(*name, fd);
  } else if ((flags & O_TRUNC) != 0) {
    Append(Kind::kTruncate).file = known->second;
  }
  return fd;
}

void Recorder::Created(const std::string& name, int fd) {
  const std::optional<Inode> inode = InodeOf(fd);
  if (!inode) return;
  names_[name] = ++last_file_;
  files_[*inode] = last_file_;
  Operation& operation = Append(Kind::kCreate);
  operation.name = name;
  operation.file = last_file_;
}

int Recorder::Rename(const char* from, const char* to, unsigned flags) {
  const std::scoped_lock lock(mutex_);
  const std::optional<std::string> old_name = NameOf(from);
  const std::optional<std::string> new_name = NameOf(to);
  const bool watched = mode_ != Mode::kStopped && old_name && new_name;
  if (watched && Refuses()) return -1;
  const auto done =
      static_cast<int>(::syscall(SYS_renameat2, kFromHere, from, kFromHere, to, flags));
  if (done != 0 || !watched) return done;
  Operation& operation = Append(Kind::kRename);
  operation.name = *old_name;
  operation.new_name = *new_name;
  operation.file = names_[*old_name];
  names_[*new_name] = operation.file;
  names_.erase(*old_name);
  return done;
}

int Recorder::Unlink(const char* path) {
  const std::scoped_lock lock(mutex_);
  const std::optional<std::string> name = NameOf(path);
  const bool watched = mode_ != Mode::kStopped && name;
  if (watched && Refuses()) return -1;
  const auto done = static_cast<int>(::syscall(SYS_unlink, path));
  if (done != 0 || !watched) return done;
  Operation& operation = Append(Kind::kUnlink);
  operation.name = *name;
  operation.file = names_[*name];
  // Its inode's number may be another file's next.
  std::erase_if(files_, [&](const auto& file) { return file.second == operation.file; });
  names_.erase(*name);
  return done;
}

int Recorder::MakeFolder(const char* path, unsigned mode) {
  const std::scoped_lock lock(mutex_);
  const std::optional<std::string> name = NameOf(path);
  const bool watched = mode_ != Mode::kStopped && name;
  if (watched && Refuses()) return -1;
  const auto done = static_cast<int>(::syscall(SYS_mkdir, path, mode));
  if (done != 0 || !watched) return done;
  Operation& operation = Append(Kind::kCreate);
  operation.name = *name + "/";
  operation.file = ++last_file_;
  names_[operation.name] = operation.file;
  if (const std::optional<Inode> inode = InodeOf(path)) folders_[*inode] = operation.name;
  return done;
}

}  // namespace matic::crash

using matic::crash::CallOpen;
using matic::crash::current;
using matic::crash::kFromHere;
using matic::crash::Recorder;

extern "C" {

ssize_t write(int fd, const void* bytes, size_t length) {
  if (Recorder* recorder = current) return recorder->Write(fd, bytes, length, std::nullopt);
  return ::syscall(SYS_write, fd, bytes, length);
}

ssize_t pwrite(int fd, const void* bytes, size_t length, off_t offset) {
  if (Recorder* recorder = current) return recorder->Write(fd, bytes, length, offset);
  return ::syscall(SYS_pwrite64, fd, bytes, length, offset);
}

int ftruncate(int fd, off_t length) noexcept {
  if (Recorder* recorder = current) return recorder->Truncate(fd, length);
  return static_cast<int>(::syscall(SYS_ftruncate, fd, length));
}

int fsync(int fd) {
  if (Recorder* recorder = current) return recorder->Sync(fd, SYS_fsync);
  return static_cast<int>(::syscall(SYS_fsync, fd));
}

int fdatasync(int fd) {
  if (Recorder* recorder = current) return recorder->Sync(fd, SYS_fdatasync);
  return static_cast<int>(::syscall(SYS_fdatasync, fd));
}

int open(const char* path, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  const unsigned mode = (flags & O_CREAT) != 0 ? va_arg(rest, unsigned) : 0;
  va_end(rest);
  if (Recorder* recorder = current) return recorder->Open(kFromHere, path, flags, mode);
  return CallOpen(kFromHere, path, flags, mode);
}

int rename(const char* from, const char* to) noexcept {
  if (Recorder* recorder = current) return recorder->Rename(from, to, 0);
  return static_cast<int>(::syscall(SYS_renameat2, kFromHere, from, kFromHere, to, 0));
}

int renameat2(int from_fd, const char* from, int to_fd, const char* to, unsigned flags) noexcept {
  if (Recorder* recorder = current; recorder && from_fd == kFromHere && to_fd == kFromHere) {
    return recorder->Rename(from, to, flags);
  }
  return static_cast<int>(::syscall(SYS_renameat2, from_fd, from, to_fd, to, flags));
}

int unlink(const char* path) noexcept {
  if (Recorder* recorder = current) return recorder->Unlink(path);
  return static_cast<int>(::syscall(SYS_unlink, path));
}

int mkdir(const char* path, mode_t mode) noexcept {
  if (Recorder* recorder = current) return recorder->MakeFolder(path, mode);
  return static_cast<int>(::syscall(SYS_mkdir, path, mode));
}

// Also a folder's: nothing here removes one that is watched.
int remove(const char* path) noexcept {
  const int done = ::unlink(path);
  return done != 0 && errno == EISDIR ? ::rmdir(path) : done;
}

}  // extern "C"
