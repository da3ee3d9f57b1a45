// The git work tree that a machine's NixOS configuration lies in.
#pragma once

#include <chrono>
#include <filesystem>
#include <stop_token>
#include <string>

#include "agent/nixos/programs.h"
#include "lib/base/result.h"

namespace matic::nixos {

struct PullSettings {
  std::filesystem::path folder;  // the work tree, or a folder in it
  std::string remote = "origin";
  std::string branch = "main";
  std::chrono::milliseconds deadline = std::chrono::minutes(5);  // of each program
};

struct Revisions {
  std::string before;  // commits, in hexadecimal
  std::string after;   // the same where there was nothing new
};

// Takes over what the remote's branch has, where that only adds to what is here: nothing of the
// tree is changed otherwise. Commits that are here alone, made but not pushed yet, are no obstacle.
//   kInvalidArgument  no git work tree, or no name of a branch
//   kNotFound         no such folder, or the remote has no such branch
//   kRefused          on another branch; tracked files with changes; diverged; files in the way
//   kUnavailable      the fetch failed: what is here can still be used
// Files that git does not track are left alone and stand in the way of nothing.
Result<Revisions> PullFastForward(const Programs& programs, const PullSettings& settings,
                                  std::stop_token stop);

}  // namespace matic::nixos
