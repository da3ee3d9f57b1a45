// Which process of this controller carries out a fleet's run.
#pragma once

#include <filesystem>

#include "lib/base/result.h"
#include "lib/base/unique_fd.h"

namespace matic::fleet {

// Beside the journal, JOURNAL.lock; the kernel ends it with the process, however that ends.
class RunLock {
 public:
  // kRefused names the process that holds it.
  static Result<RunLock> Take(const std::filesystem::path& journal);

  // Whether some process holds it now.
  static bool IsTaken(const std::filesystem::path& journal);

 private:
  explicit RunLock(UniqueFd file) : file_(std::move(file)) {}
  UniqueFd file_;
};

}  // namespace matic::fleet
