// Working on a configuration's tree as the user who owns it. Git trusts no tree of another user
// ("dubious ownership"), and what root writes into it its owner could not change any more.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "agent/nixos/programs.h"
#include "lib/base/result.h"
#include "lib/base/unique_fd.h"
#include "lib/os/process_runner.h"

namespace matic::nixos {

struct Account {
  uid_t uid = 0;
  gid_t gid = 0;
  std::string name;
  std::filesystem::path home;

  bool operator==(const Account&) const = default;
};

// Who owns the work tree that `folder` lies in, or `folder` itself where it lies in none. Nothing
// where that is this program's own user, or this program is not root and cannot be anybody else.
// kNotFound where there is no such folder, or its owner has no account.
Result<std::optional<Account>> OwnerOf(const std::filesystem::path& folder);

// A folder below `in`, for as long as this is held, that its owner alone may write to. What a crash
// left behind is cleared up when the next one is made.
class OwnedFolder {
 public:
  // `owner`: nothing for this program's own user.
  static Result<OwnedFolder> Make(const std::filesystem::path& in,
                                  const std::optional<Account>& owner);
  OwnedFolder(OwnedFolder&& other) noexcept
      : path_(std::exchange(other.path_, {})), lock_(std::move(other.lock_)) {}
  ~OwnedFolder();

  const std::filesystem::path& path() const { return path_; }

 private:
  OwnedFolder(std::filesystem::path path, UniqueFd lock)
      : path_(std::move(path)), lock_(std::move(lock)) {}

  std::filesystem::path path_;
  UniqueFd lock_;
};

// Runs everything as `account`, through util-linux' setpriv, with its groups and its HOME, and no
// way back to more rights. kPermission where this program may not become it, kRefused where there
// is no setpriv.
class AccountRunner final : public ProcessRunner {
 public:
  AccountRunner(ProcessRunner& processes, Account account);
  Result<ProcessOutcome> RunToEnd(const Command& command,
                                  std::chrono::milliseconds deadline) override;

 private:
  ProcessRunner& processes_;
  Account account_;
};

// The programs that work on one tree.
class TreePrograms {
 public:
  // `work` is a folder that its owner can reach, such as /run/matic. An owner without a home, as
  // accounts of services are, has one below it meanwhile, and one with a home that cannot be
  // written to a cache. Errors as of OwnerOf.
  static Result<std::unique_ptr<TreePrograms>> For(ProcessRunner& processes,
                                                   std::vector<std::string> environment,
                                                   const std::filesystem::path& tree,
                                                   const std::filesystem::path& work);

  const Programs& programs() const { return *programs_; }
  const std::optional<Account>& owner() const { return owner_; }

  // For what they write beside the tree.
  Result<OwnedFolder> MakeFolder() const { return OwnedFolder::Make(work_, owner_); }

 private:
  TreePrograms(std::optional<Account> owner, std::filesystem::path work)
      : owner_(std::move(owner)), work_(std::move(work)) {}

  std::optional<Account> owner_;
  std::filesystem::path work_;
  std::optional<OwnedFolder> home_;
  std::optional<AccountRunner> runner_;
  std::optional<Programs> programs_;
};

}  // namespace matic::nixos
