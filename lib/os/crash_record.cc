#include "lib/os/crash_record.h"

#include <algorithm>
#include <chrono>
#include <system_error>

#include "lib/os/durable_file.h"

namespace matic {
namespace {

namespace fs = std::filesystem;

constexpr size_t kMaxRecordBytes = 1024 * 1024;
constexpr int kMaxEntries = 1000;  // of a folder and the folders in it
constexpr int kMaxDepth = 2;       // systemd-pstore: TIME/PART/dmesg.txt

struct Found {
  fs::path path;
  WallTime made;
};

// What a kernel calls dmesg-BACKEND-NUMBER, and systemd-pstore puts together as dmesg.txt.
void Find(const fs::path& folder, WallTime since, std::optional<Found>& newest) {
  std::error_code error;
  int entries = 0;
  for (fs::recursive_directory_iterator it(folder, error), end; !error && it != end;
       it.increment(error)) {
    if (++entries > kMaxEntries) return;
    if (it.depth() >= kMaxDepth) it.disable_recursion_pending();
    std::error_code unreadable;
    if (!it->path().filename().string().starts_with("dmesg")) continue;
    if (!it->is_regular_file(unreadable)) continue;
    const fs::file_time_type written = it->last_write_time(unreadable);
    if (unreadable) continue;
    const auto made =
        std::chrono::time_point_cast<WallTime::duration>(std::chrono::file_clock::to_sys(written));
    if (made >= since && (!newest || made > newest->made)) newest = Found{it->path(), made};
  }
}

}  // namespace

std::vector<fs::path> CrashRecordFolders() { return {"/var/lib/systemd/pstore", "/sys/fs/pstore"}; }

std::optional<CrashRecord> NewestCrashRecord(const std::vector<fs::path>& folders, WallTime since,
                                             size_t max_bytes) {
  std::optional<Found> newest;
  for (const fs::path& folder : folders) Find(folder, since, newest);
  if (!newest) return std::nullopt;
  const Result<std::string> text = ReadFile(newest->path, kMaxRecordBytes);
  if (!text || text->empty()) return std::nullopt;
  return CrashRecord{newest->path, text->substr(text->size() - std::min(text->size(), max_bytes))};
}

}  // namespace matic
