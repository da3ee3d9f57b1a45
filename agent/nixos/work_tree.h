// A git work tree as git sees it: what pulling and committing back are made of.
#pragma once

#include <chrono>
#include <filesystem>
#include <stop_token>
#include <string>
#include <vector>

#include "agent/nixos/programs.h"
#include "lib/base/result.h"

namespace matic::nixos {

struct TreeSettings {
  std::filesystem::path folder;  // the work tree, or a folder in it
  std::string remote;
  std::string branch;
  std::chrono::milliseconds deadline;  // of each program
};

// Errors are as in configuration.h and commit_back.h.
class WorkTree {
 public:
  WorkTree(const Programs& programs, TreeSettings settings, std::stop_token stop);

  Result<> CheckNames() const;  // of remote and branch: no options, no refspecs
  Result<> CheckIsTree() const;
  Result<> CheckBranch() const;
  Result<> CheckNoConflicts() const;
  Result<> CheckNothingUnfinished() const;  // no merge, cherry-pick or revert
  Result<> CheckClean() const;              // as far as git tracks its files

  // Whether `git add --all` would find something, new files among it.
  Result<bool> HasChanges() const;
  // Whether the remote lacks a commit that is here, as far as was seen of the remote.
  Result<bool> HasUnpushed() const;
  Result<std::string> Head() const;  // a commit, in hexadecimal

  Result<> Fetch() const;
  // Changes that are not committed are no obstacle where they are in other files.
  Result<> FastForward() const;
  // A file, named from the folder, becomes what the tree's commit has of it; where that has none it
  // goes, if git knows it.
  Result<> PutBack(const std::string& file) const;
  Result<> CommitAll(const std::string& message, const std::string& name,
                     const std::string& email) const;
  Result<> Push() const;

 private:
  std::string Folder() const { return settings_.folder.string(); }
  std::string Upstream() const { return settings_.remote + "/" + settings_.branch; }
  std::string Tracking() const { return "refs/remotes/" + Upstream(); }
  Invocation Call(std::vector<std::string> arguments) const;
  Result<std::string> Git(std::vector<std::string> arguments) const;
  Result<std::string> GitAtRemote(std::vector<std::string> arguments) const;
  Result<bool> Ask(std::vector<std::string> arguments) const;
  Error Diverged() const;

  const Programs& programs_;
  TreeSettings settings_;
  std::stop_token stop_;
};

}  // namespace matic::nixos
