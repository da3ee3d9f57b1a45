// The git work tree that a machine's NixOS configuration lies in.
#pragma once

#include <chrono>
#include <filesystem>
#include <stop_token>
#include <string>

#include "agent/nixos/programs.h"
#include "lib/base/result.h"

namespace matic::nixos {

// What becomes of changes to tracked files that nobody has committed.
enum class DirtyTree {
  kRefused,
  kTakenAsItIs,  // and committed once it has proven itself (commit_back.h)
};

struct PullSettings {
  std::filesystem::path folder;  // the work tree, or a folder in it
  std::string remote = "origin";
  std::string branch = "main";
  std::chrono::milliseconds deadline = std::chrono::minutes(5);  // of each program
  DirtyTree dirty = DirtyTree::kRefused;
};

struct Revisions {
  std::string before;  // commits, in hexadecimal
  std::string after;   // the same where there was nothing new
};

// Takes over what the remote's branch has, where that only adds to what is here: nothing of the
// tree is changed otherwise. Commits that are here alone, made but not pushed yet, are no obstacle.
//   kInvalidArgument  no git work tree, or no name of a branch
//   kNotFound         no such folder, or the remote has no such branch
//   kRefused          on another branch; conflicts; diverged; files in the way; changes that nobody
//                     has committed, where these are refused or lie in files that are to change
//   kUnavailable      the fetch failed, after all that is here was found to be in order: it can
//                     still be used
// Files that git does not track are left alone and stand in the way of nothing.
Result<Revisions> PullFastForward(const Programs& programs, const PullSettings& settings,
                                  std::stop_token stop);

// The commit that the tree is at, for a tree that is used without a pull: whatever branch it is on.
// Errors as above.
Result<std::string> CheckTree(const Programs& programs, const PullSettings& settings,
                              std::stop_token stop);

}  // namespace matic::nixos
