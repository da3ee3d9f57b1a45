// The programs that a Nix host is driven with: nix, nix-env, nix-build and git.
#pragma once

#include <chrono>
#include <filesystem>
#include <stop_token>
#include <string>
#include <vector>

#include "lib/base/result.h"
#include "lib/os/process_runner.h"

namespace matic::nixos {

struct Invocation {
  std::vector<std::string> argv;  // argv[0] is found in PATH, no shell
  std::chrono::milliseconds deadline;
  std::filesystem::path folder = "/";
  std::vector<std::string> environment = {};  // "NAME=value", beside that of Programs
};

// Nothing is asked of a person: a program that wants a password fails. At its deadline, or when
// stopped, a program is asked to end and killed with its group ten seconds later; kDeadline and
// kCancelled quote its last lines.
class Programs {
 public:
  // `environment` is all that a program gets to see of one (lib/os/clean_environment.h); HOME must
  // be a folder that Nix may keep a cache in.
  Programs(ProcessRunner& processes, std::vector<std::string> environment);

  // What a program printed that ended well: stdout and stderr together, the last 64 KiB. kIo quotes
  // the last lines of one that did not; kNotFound says whether program or folder is missing.
  Result<std::string> Run(const Invocation& invocation, std::stop_token stop) const;

  // However it ended by itself: for programs whose exit codes mean something.
  Result<ProcessOutcome> RunToEnd(const Invocation& invocation, std::stop_token stop) const;

  // Of a program that answers yes by ending with 0 and no with 1. Any other end is kIo.
  Result<bool> Ask(const Invocation& invocation, std::stop_token stop) const;

 private:
  ProcessRunner& processes_;
  std::vector<std::string> environment_;
};

}  // namespace matic::nixos
