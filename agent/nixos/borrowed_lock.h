// The lock file of a configuration that nothing is committed back to. What an update moves in it
// counts for that update's build; then the tree is as it was pulled again. Else the next update
// would find changes in it, and refuse it (docs/decisions/borrowed-lock-file.md).
#pragma once

#include <filesystem>
#include <optional>

#include "agent/nixos/options.h"
#include "lib/base/result.h"
#include "lib/os/process_runner.h"

namespace matic::nixos {

class BorrowedLock {
 public:
  BorrowedLock(const NixosOptions& options, ProcessRunner& processes);

  // Before the lock file of the flake in `folder` is changed, a git tree without changes. Noted
  // durably (docs/formats.md), so that it is put back after a power loss as well.
  Result<> Borrow(const std::filesystem::path& folder) const;

  // The lock file becomes what the tree's commit has, none where that has none. Returns the folder;
  // nothing where no lock file is borrowed, or its tree is gone. Can be done twice; errors are
  // git's, and it stays borrowed then.
  Result<std::optional<std::filesystem::path>> PutBack() const;

 private:
  Result<std::optional<std::filesystem::path>> Folder() const;
  Result<> Forget() const;

  const NixosOptions& options_;
  ProcessRunner& processes_;
  std::filesystem::path note_;
};

}  // namespace matic::nixos
