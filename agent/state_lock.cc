#include "agent/state_lock.h"

#include <fcntl.h>
#include <spdlog/spdlog.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <string>

#include "lib/os/executable_folder.h"

namespace matic {
namespace {

// What is kept there is believed. A mode is put right rather than refused: an agent that does not
// start judges no trial.
Result<> KeepOthersOut(const UniqueFd& fd, const std::filesystem::path& folder) {
  struct stat facts {};
  if (::fstat(fd.get(), &facts) != 0) return Fail(OsError(folder.string(), errno));
  if (facts.st_uid != 0 && facts.st_uid != ::geteuid()) {
    return Fail(ErrorCode::kPermission, "the state folder " + folder.string() +
                                            " belongs to another user (uid " +
                                            std::to_string(facts.st_uid) + "): chown root it");
  }
  MATIC_TRY(CheckPlace(folder));
  if ((facts.st_mode & (S_IWGRP | S_IWOTH)) == 0) return {};
  spdlog::warn("{} could be changed by others than root; it cannot any more", folder.string());
  (void)::fchmod(fd.get(), facts.st_mode & 07777 & ~(S_IWGRP | S_IWOTH));
  return {};
}

}  // namespace

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
  MATIC_TRY(KeepOthersOut(fd, folder));
  return fd;
}

}  // namespace matic
