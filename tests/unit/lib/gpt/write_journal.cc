#include "tests/unit/lib/gpt/write_journal.h"

#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace matic::gpt {
namespace {

// The interposed functions have no other way to find it.
WriteJournal* current = nullptr;

}  // namespace

WriteJournal::WriteJournal(const std::filesystem::path& file) {
  struct stat facts {};
  ::stat(file.c_str(), &facts);
  device_ = facts.st_dev;
  inode_ = facts.st_ino;
  current = this;
}

WriteJournal::~WriteJournal() { current = nullptr; }

bool WriteJournal::IsFile(int fd) const {
  struct stat facts {};
  return ::fstat(fd, &facts) == 0 && facts.st_dev == device_ && facts.st_ino == inode_;
}

void WriteJournal::Record(int fd, uint64_t offset, const void* bytes, size_t length) {
  if (!IsFile(fd)) return;
  const auto* first = static_cast<const uint8_t*>(bytes);
  writes_.push_back({offset, {first, first + length}, flushes_});
}

void WriteJournal::RecordFlush(int fd) {
  if (IsFile(fd)) ++flushes_;
}

}  // namespace matic::gpt

using matic::gpt::current;

extern "C" {

ssize_t write(int fd, const void* bytes, size_t length) {
  if (current != nullptr) {
    const off_t offset = ::lseek(fd, 0, SEEK_CUR);
    if (offset >= 0) current->Record(fd, static_cast<uint64_t>(offset), bytes, length);
  }
  return ::syscall(SYS_write, fd, bytes, length);
}

ssize_t pwrite(int fd, const void* bytes, size_t length, off_t offset) {
  if (current != nullptr) current->Record(fd, static_cast<uint64_t>(offset), bytes, length);
  return ::syscall(SYS_pwrite64, fd, bytes, length, offset);
}

// Not carried out: what a test looks at is what was asked for, and a sweep asks thousands of times.
int fsync(int fd) {
  if (current != nullptr) current->RecordFlush(fd);
  return 0;
}

int fdatasync(int fd) {
  if (current != nullptr) current->RecordFlush(fd);
  return 0;
}

}  // extern "C"
