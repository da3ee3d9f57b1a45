// What a program wrote to one file, in order, and what a power loss could leave of it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

namespace matic::gpt {

struct JournalWrite {
  uint64_t offset;
  std::vector<uint8_t> bytes;
  size_t flushes_before;  // how many flushes of the file came before it
};

// While one lives, every write to `file` by this process is recorded, libfdisk's too: the calls are
// interposed (write_journal.cc).
class WriteJournal {
 public:
  explicit WriteJournal(const std::filesystem::path& file);
  ~WriteJournal();
  WriteJournal(const WriteJournal&) = delete;
  WriteJournal& operator=(const WriteJournal&) = delete;

  const std::vector<JournalWrite>& writes() const { return writes_; }

  // Called by the interposed functions.
  void Record(int fd, uint64_t offset, const void* bytes, size_t length);
  void RecordFlush(int fd);

 private:
  bool IsFile(int fd) const;

  uint64_t device_;
  uint64_t inode_;
  size_t flushes_ = 0;
  std::vector<JournalWrite> writes_;
};

}  // namespace matic::gpt
