#include "agent/nixos/tree_owner.h"

#include <fcntl.h>
#include <pwd.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

#include "lib/os/output_tail.h"

namespace matic::nixos {
namespace {

namespace fs = std::filesystem;

constexpr size_t kAccountBytes = 64 * 1024;  // of one entry in the user database
constexpr const char* kFolderName = ".work-";
// What setpriv ends with when it could not start the program.
constexpr int kNotStarted = 127;

Result<Account> FindAccount(uid_t uid, const fs::path& tree) {
  std::vector<char> buffer(kAccountBytes);
  passwd entry{};
  passwd* found = nullptr;
  const int error = ::getpwuid_r(uid, &entry, buffer.data(), buffer.size(), &found);
  if (error != 0 && error != ENOENT && error != ESRCH) {
    return Fail(OsError("look up user " + std::to_string(uid), error));
  }
  if (found == nullptr) {
    return Fail(ErrorCode::kNotFound, tree.string() + " belongs to user " + std::to_string(uid) +
                                          ", who has no account on this machine; give it to "
                                          "somebody: chown -R USER " +
                                          tree.string());
  }
  return Account{.uid = uid, .gid = found->pw_gid, .name = found->pw_name, .home = found->pw_dir};
}

fs::path TopOfTree(const fs::path& folder) {
  std::error_code ignored;
  for (fs::path top = folder; top.has_relative_path(); top = top.parent_path()) {
    if (fs::exists(fs::symlink_status(top / ".git", ignored))) return top;
  }
  return folder;
}

bool IsHomeOf(const Account& account) {
  struct stat status {};
  return ::stat(account.home.c_str(), &status) == 0 && S_ISDIR(status.st_mode) &&
         status.st_uid == account.uid;
}

// Invalid where another holds it.
UniqueFd Lock(const fs::path& folder) {
  UniqueFd fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (fd.valid() && ::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) fd.Reset(-1);
  return fd;
}

void ClearUp(const fs::path& in) {
  std::error_code ignored;
  std::vector<fs::path> found;
  for (fs::directory_iterator entry(in, ignored), end; !ignored && entry != end;
       entry.increment(ignored)) {
    if (entry->path().filename().native().starts_with(kFolderName)) found.push_back(entry->path());
  }
  for (const fs::path& folder : found) {
    if (const UniqueFd lock = Lock(folder); lock.valid()) fs::remove_all(folder, ignored);
  }
}

bool Replaces(const std::vector<std::string>& names, const std::string& variable) {
  for (const std::string& name : names) {
    if (variable.starts_with(name + "=")) return true;
  }
  return false;
}

}  // namespace

Result<std::optional<Account>> OwnerOf(const fs::path& folder) {
  std::error_code error;
  const fs::path real = fs::canonical(folder, error);
  if (error) return Fail(OsError(folder.string(), error.value()));
  const fs::path top = TopOfTree(real);
  struct stat status {};
  if (::stat(top.c_str(), &status) != 0) return Fail(OsError(top.string(), errno));
  if (::geteuid() != 0 || status.st_uid == 0) return std::nullopt;
  return FindAccount(status.st_uid, top);
}

Result<OwnedFolder> OwnedFolder::Make(const fs::path& in, const std::optional<Account>& owner) {
  std::error_code error;
  fs::create_directories(in, error);
  if (error) return Fail(OsError("make " + in.string(), error.value()));
  ClearUp(in);
  std::string path = (in / kFolderName).string() + "XXXXXX";
  if (::mkdtemp(path.data()) == nullptr) {
    return Fail(OsError("make a folder in " + in.string(), errno));
  }
  OwnedFolder folder(path, Lock(path));
  if (owner && ::chown(path.c_str(), owner->uid, owner->gid) != 0) {
    return Fail(OsError("give " + path + " to " + owner->name, errno));
  }
  return folder;
}

OwnedFolder::~OwnedFolder() {
  std::error_code ignored;
  if (!path_.empty()) fs::remove_all(path_, ignored);
}

AccountRunner::AccountRunner(ProcessRunner& processes, Account account)
    : processes_(processes), account_(std::move(account)) {}

Result<ProcessOutcome> AccountRunner::RunToEnd(const Command& command,
                                               std::chrono::milliseconds deadline) {
  const std::vector<std::string> own = {"HOME", "USER", "LOGNAME"};
  Command as = command;
  as.argv = {"setpriv",
             "--reuid=" + std::to_string(account_.uid),
             "--regid=" + std::to_string(account_.gid),
             "--init-groups",
             "--no-new-privs",
             "--"};
  as.argv.insert(as.argv.end(), command.argv.begin(), command.argv.end());
  std::erase_if(as.environment, [&](const std::string& set) { return Replaces(own, set); });
  as.environment.insert(
      as.environment.end(),
      {"HOME=" + account_.home.string(), "USER=" + account_.name, "LOGNAME=" + account_.name});
  Result<ProcessOutcome> outcome = processes_.RunToEnd(as, deadline);
  const std::string what = "run " + command.argv[0] + " as " + account_.name;
  if (!outcome && outcome.error().code == ErrorCode::kNotFound) {
    return Fail(ErrorCode::kRefused, what +
                                         ": setpriv of util-linux is not installed, or not in the "
                                         "PATH of the agent's service");
  }
  if (!outcome || outcome->exit_code != kNotStarted || !outcome->output.starts_with("setpriv: ")) {
    return outcome;
  }
  const bool missing = outcome->output.starts_with("setpriv: failed to execute");
  return Fail(missing ? ErrorCode::kNotFound : ErrorCode::kPermission,
              what + ": " + OutputTail(outcome->output));
}

Result<std::unique_ptr<TreePrograms>> TreePrograms::For(ProcessRunner& processes,
                                                        std::vector<std::string> environment,
                                                        const fs::path& tree,
                                                        const fs::path& work) {
  MATIC_ASSIGN(std::optional<Account> owner, OwnerOf(tree));
  std::unique_ptr<TreePrograms> made(new TreePrograms(std::move(owner), work));
  if (!made->owner_) {
    made->programs_.emplace(processes, std::move(environment));
    return made;
  }
  Account account = *made->owner_;
  const bool has_home = IsHomeOf(account);
  // The sandbox of the agent's service may have made it read-only, and Nix keeps its cache there.
  if (!has_home || ::access(account.home.c_str(), W_OK) != 0) {
    MATIC_ASSIGN(OwnedFolder home, made->MakeFolder());
    made->home_.emplace(std::move(home));
    if (!has_home) account.home = made->home_->path();
    environment.push_back("XDG_CACHE_HOME=" + made->home_->path().string());
  }
  made->runner_.emplace(processes, std::move(account));
  made->programs_.emplace(*made->runner_, std::move(environment));
  return made;
}

}  // namespace matic::nixos
