// Records what this process does to one disk image and to the files of one folder: every write,
// rename, unlink, sync and new folder, libfdisk's too. The calls are interposed (recorder.cc).
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "tests/crash/medium.h"
#include "tests/crash/operation.h"

namespace matic::crash {

// One at a time. Thread-safe.
class Recorder {
 public:
  Recorder(const std::filesystem::path& disk, std::filesystem::path folder);
  ~Recorder();
  Recorder(const Recorder&) = delete;
  Recorder& operator=(const Recorder&) = delete;

  // Nothing is recorded, nor kept from being done: media are changed.
  void Stop();
  // Forgets what was recorded; the folder holds the files of `medium` now.
  void Begin(const Medium& medium);
  void SetActor(Actor actor);
  // Otherwise flushes of the selector are none.
  void SetFirmwareFlushes(bool flushes);
  void NoteStart(const Start& start);
  // The machine is down until it is up: every change is refused.
  void GoDown();
  void ComeUp();

  Journal journal() const;

  // Called by the interposed functions. Each makes the system call itself, so that what is recorded
  // is what came of it, in its order.
  long Write(int fd, const void* bytes, size_t length, std::optional<int64_t> offset);
  int Truncate(int fd, int64_t length);
  int Sync(int fd, long call);
  int Open(int folder_fd, const char* path, int flags, unsigned mode);
  int Rename(const char* from, const char* to, unsigned flags);
  int Unlink(const char* path);
  int MakeFolder(const char* path, unsigned mode);

 private:
  struct Inode {
    uint64_t device = 0;
    uint64_t number = 0;
    auto operator<=>(const Inode&) const = default;
  };
  static std::optional<Inode> InodeOf(int fd);
  static std::optional<Inode> InodeOf(const std::filesystem::path& path);
  std::optional<std::string> NameOf(const char* path) const;
  enum class Mode { kStopped, kRecording, kDown };
  // Whether a change is refused; errno says so.
  bool Refuses() const;
  Operation& Append(Kind kind);
  void Created(const std::string& name, int fd);

  const std::filesystem::path folder_;
  Inode disk_;

  mutable std::recursive_mutex mutex_;
  Journal journal_;
  Actor actor_ = Actor::kAgent;
  bool firmware_flushes_ = true;
  Mode mode_ = Mode::kStopped;
  uint32_t last_file_ = 0;
  std::map<std::string, uint32_t> names_;
  std::map<Inode, uint32_t> files_;
  std::map<Inode, std::string> folders_;
};

}  // namespace matic::crash
