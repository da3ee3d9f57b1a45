// Giving changes of the configuration back to where it came from, once the system that was built of
// them has proven itself: a new flake.lock, and what a person edited on the machine.
#pragma once

#include <chrono>
#include <filesystem>
#include <stop_token>
#include <string>

#include "agent/nixos/programs.h"
#include "lib/base/result.h"
#include "lib/base/time.h"

namespace matic::nixos {

struct CommitBackSettings {
  std::filesystem::path folder;  // the work tree, or a folder in it
  std::string remote = "origin";
  std::string branch = "main";
  std::string host;  // named in the message
  // Where git's configuration names nobody.
  std::string name = "Matic";
  std::string email = "matic@localhost";
  std::chrono::milliseconds deadline = std::chrono::minutes(5);  // of each program
};

struct CommitBackResult {
  std::string commit = {};  // in hexadecimal; empty: there was nothing to commit
  bool pushed = false;      // false: there was nothing to push

  bool operator==(const CommitBackResult&) const = default;
};

// Commits all changes of the tree as "chore(HOST): auto-update TIME", new files that git does not
// ignore among them, and pushes what the remote has not, earlier commits too. Nothing is forced.
// What others pushed meanwhile is taken over first, where that changes none of the same files.
//   kInvalidArgument  no git work tree, or no name of a branch
//   kNotFound         no such folder
//   kRefused          on another branch; conflicts or an unfinished merge; the remote's branch and
//                     this one have diverged; the remote refuses the commit
//   kIo               git or a hook of the tree refuses the commit
//   kUnavailable      the remote does not answer, or not to this user. The commit is made, and goes
//                     out the next time this is called
Result<CommitBackResult> CommitBack(const Programs& programs, const CommitBackSettings& settings,
                                    WallTime now, std::stop_token stop);

}  // namespace matic::nixos
