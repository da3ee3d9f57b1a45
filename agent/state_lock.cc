#include "agent/state_lock.h"

#include <fcntl.h>
#include <spdlog/spdlog.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string>
#include <string_view>

#include "lib/os/durable_file.h"
#include "lib/os/executable_folder.h"

namespace matic {
namespace {

bool BelongsToOthers(const struct stat& facts) {
  return facts.st_uid != 0 && facts.st_uid != ::geteuid();
}

// A mode is put right rather than refused: an agent that does not start judges no trial.
void KeepOthersOut(const std::filesystem::path& folder, const struct stat& facts) {
  if ((facts.st_mode & (S_IWGRP | S_IWOTH)) == 0) return;
  spdlog::warn("{} could be changed by others than root; it cannot any more", folder.string());
  (void)::chmod(folder.c_str(), facts.st_mode & 07777 & ~(S_IWGRP | S_IWOTH));
}

// What is kept there is believed.
Result<> Close(const UniqueFd& fd, const std::filesystem::path& folder) {
  struct stat facts {};
  if (::fstat(fd.get(), &facts) != 0) return Fail(OsError(folder.string(), errno));
  if (BelongsToOthers(facts)) {
    return Fail(ErrorCode::kPermission, "the state folder " + folder.string() +
                                            " belongs to another user (uid " +
                                            std::to_string(facts.st_uid) + "): chown root it");
  }
  MATIC_TRY(CheckPlace(folder));
  KeepOthersOut(folder, facts);
  return {};
}

// What the agent keeps for itself. Other things may be there that belong to others by right, such
// as a folder that images are put into.
constexpr std::array kFiles = {"rollback_state.json", "update-schedule.json", "history.jsonl",
                               "audit.jsonl",         "partial.json",         "target.idx",
                               "metrics.json",        "nixos.json",           "fleet-lock.json",
                               "run_lease.json",      "revoked.pem"};
constexpr std::array kFolders = {"trust", "notifications", "nixos"};
constexpr size_t kMostEntries = 1000;  // of such a folder

struct Foreign {
  std::vector<std::string> problems;

  void SetAside(const std::filesystem::path& path, std::string_view why) {
    const Result<std::filesystem::path> aside = matic::SetAside(path);
    problems.push_back(path.string() + " " + std::string(why) + "; " +
                       (aside ? "it was set aside as " + aside->string() : aside.error().message));
  }
};

bool OthersMayWrite(const struct stat& facts) {
  const bool by_group =
      (facts.st_mode & S_IWGRP) != 0 && facts.st_gid != 0 && facts.st_gid != ::getegid();
  return by_group || (facts.st_mode & S_IWOTH) != 0;
}

// Why what is there is not believed; "" where it is.
std::string WhyForeign(const struct stat& facts) {
  if (BelongsToOthers(facts)) {
    return "belongs to another user (uid " + std::to_string(facts.st_uid) + ")";
  }
  if (S_ISLNK(facts.st_mode) || S_ISDIR(facts.st_mode)) return "";  // of root's
  if (!S_ISREG(facts.st_mode)) return "is no file";
  return OthersMayWrite(facts) ? "could be changed by others than root" : "";
}

void LookAt(const std::filesystem::path& path, Foreign& foreign) {
  struct stat facts {};
  if (::lstat(path.c_str(), &facts) != 0) return;
  if (const std::string why = WhyForeign(facts); !why.empty()) return foreign.SetAside(path, why);
  if (S_ISDIR(facts.st_mode)) KeepOthersOut(path, facts);
}

void LookInto(const std::filesystem::path& folder, Foreign& foreign) {
  std::error_code error;
  if (std::filesystem::is_symlink(folder, error)) return;
  std::vector<std::filesystem::path> entries;
  for (std::filesystem::directory_iterator it(folder, error), end; !error && it != end;
       it.increment(error)) {
    entries.push_back(it->path());
    if (entries.size() > kMostEntries) return foreign.SetAside(folder, "has too many entries");
  }
  for (const std::filesystem::path& entry : entries) LookAt(entry, foreign);
}

}  // namespace

std::vector<std::string> SetForeignAside(const std::filesystem::path& state) {
  Foreign foreign;
  for (const char* name : kFiles) {
    LookAt(state / name, foreign);
    // Where WriteFileDurably writes first: a folder there would be in its way.
    LookAt(state / ("." + std::string(name) + ".new"), foreign);
  }
  for (const char* name : kFolders) {
    LookAt(state / name, foreign);
    LookInto(state / name, foreign);
  }
  for (const std::string& problem : foreign.problems) spdlog::error("{}", problem);
  return foreign.problems;
}

Result<UniqueFd> LockState(const std::filesystem::path& folder) {
  std::error_code ignored;
  std::filesystem::create_directories(folder, ignored);
  UniqueFd fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd.valid()) return Fail(OsError("open the state folder " + folder.string(), errno));
  if (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return Fail(OsError("lock " + folder.string(), errno));
    return Fail(ErrorCode::kRefused, "another matic-agent runs with " + folder.string() +
                                         "; ask it instead (osctl rollback trigger)");
  }
  MATIC_TRY(Close(fd, folder));
  return fd;
}

}  // namespace matic
