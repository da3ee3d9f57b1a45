#include "osctl/fleet/inventory/rewrite.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string_view>
#include <thread>

#include "lib/base/unique_fd.h"
#include "lib/os/durable_file.h"
#include "lib/settings/edit.h"
#include "osctl/fleet/inventory/limits.h"
#include "osctl/fleet/inventory/load.h"
#include "osctl/fleet/inventory/selection.h"

namespace matic::fleet {
namespace {

namespace fs = std::filesystem;
using Path = std::vector<std::string>;

Path Split(const std::string& key) {
  Path parts;
  for (size_t begin = 0; begin <= key.size();) {
    const size_t end = std::min(key.find('.', begin), key.size());
    parts.push_back(key.substr(begin, end - begin));
    begin = end + 1;
  }
  return parts;
}

Path Joined(const char* kind, const std::string& name, const Path& key) {
  Path path = {kind, name};
  path.insert(path.end(), key.begin(), key.end());
  return path;
}

Result<std::vector<Path>> PathsOf(const KeyPlace& place, const std::string& key) {
  const Path parts = Split(key);
  if (std::ranges::any_of(parts, &std::string::empty)) {
    return Fail(ErrorCode::kInvalidArgument, "'" + key + "' is not a key");
  }
  std::vector<Path> paths;
  for (const std::string& name : place.groups) paths.push_back(Joined("groups", name, parts));
  for (const std::string& name : place.machines) paths.push_back(Joined("machines", name, parts));
  if (!paths.empty()) return paths;
  constexpr std::string_view kTop[] = {"name",     "inventory",     "machines", "groups",
                                       "settings", "notifications", "metrics"};
  Path path = parts;
  if (std::ranges::find(kTop, path.front()) == std::end(kTop)) {
    path.insert(path.begin(), "settings");
  }
  return std::vector<Path>{path};
}

// Whoever is named must be there: else a slip of the pen would become a new group.
Result<> CheckPlace(const Inventory& inventory, const KeyPlace& place) {
  return CheckSelection(inventory, {.groups = place.groups, .machines = place.machines});
}

Error AllOf(const std::vector<Error>& problems) {
  std::string all;
  for (const Error& problem : problems) all += (all.empty() ? "" : "\n") + problem.message;
  return {problems.front().code, all};
}

// Of the folder, since the file itself is replaced.
Result<UniqueFd> Lock(const fs::path& file) {
  const fs::path folder = file.parent_path();
  UniqueFd fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd.valid()) return Fail(OsError("open " + folder.string(), errno));
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(5);
  while (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK && errno != EINTR) {
      return Fail(OsError("lock " + folder.string(), errno));
    }
    if (std::chrono::steady_clock::now() > end) {
      return Fail(ErrorCode::kUnavailable,
                  file.string() + " is being changed by another osctl: try again");
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  return fd;
}

Result<> Replace(const fs::path& file, const std::string& text) {
  struct stat old {};
  if (::stat(file.c_str(), &old) != 0) return Fail(OsError("look at " + file.string(), errno));
  MATIC_TRY(WriteFileDurably(file, text, old.st_mode & 07777));
  // Nobody else could.
  if (::geteuid() == 0 && ::chown(file.c_str(), old.st_uid, old.st_gid) != 0) {
    return Fail(OsError("give " + file.string() + " back to its owner", errno));
  }
  return {};
}

std::vector<std::string_view> Lines(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    lines.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

}  // namespace

Result<Rewritten> RewriteKey(const fs::path& file, const KeyPlace& place, const std::string& key,
                             const std::string& value, ProcessRunner& runner, Write write) {
  MATIC_ASSIGN(const auto paths, PathsOf(place, key));
  std::error_code error;
  const fs::path real = fs::canonical(file, error);
  if (error) return Fail(OsError("open " + file.string(), error.value()));
  MATIC_ASSIGN(const UniqueFd lock, Lock(real));
  MATIC_ASSIGN(const std::string before, ReadInventoryFile(real));
  const Checked old = CheckInventory(file, before, runner);
  if (old.problems.empty()) MATIC_TRY(CheckPlace(old.inventory, place));
  Rewritten rewritten{.before = before, .after = before};
  for (const Path& path : paths) {
    MATIC_ASSIGN(rewritten.after,
                 settings::SetValue(file, rewritten.after, path, value,
                                    settings::Spelling::kAlsoSnakeCase, kFileLimits));
  }
  if (rewritten.after == before && old.problems.empty()) return rewritten;
  const Checked checked = CheckInventory(file, rewritten.after, runner);
  if (!checked.problems.empty()) return Fail(AllOf(checked.problems));
  MATIC_TRY(CheckPlace(checked.inventory, place));
  if (write == Write::kYes) MATIC_TRY(Replace(real, rewritten.after));
  return rewritten;
}

std::string ShowChange(const Rewritten& rewritten) {
  const auto before = Lines(rewritten.before);
  const auto after = Lines(rewritten.after);
  const size_t least = std::min(before.size(), after.size());
  size_t same = 0;
  while (same < least && before[same] == after[same]) ++same;
  size_t same_end = 0;
  while (same_end < least - same &&
         before[before.size() - 1 - same_end] == after[after.size() - 1 - same_end]) {
    ++same_end;
  }
  std::string shown;
  for (size_t i = same; i < before.size() - same_end; ++i)
    shown += "-" + std::string(before[i]) + "\n";
  for (size_t i = same; i < after.size() - same_end; ++i)
    shown += "+" + std::string(after[i]) + "\n";
  return shown;
}

}  // namespace matic::fleet
