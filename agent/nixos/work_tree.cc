#include "agent/nixos/work_tree.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "lib/os/durable_file.h"
#include "lib/os/output_tail.h"

namespace matic::nixos {
namespace {

constexpr size_t kShownFiles = 5;

std::string_view LastLine(std::string_view text) {
  while (text.ends_with('\n')) text.remove_suffix(1);
  return text.substr(text.find_last_of('\n') + 1);
}

bool Contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

// What goes into a refspec, and must not be taken for an option.
Result<> CheckName(const std::string& what, const std::string& name) {
  if (!name.empty() && name[0] != '-' && name.find_first_of(" :+*?[\\^~") == std::string::npos) {
    return {};
  }
  return Fail(ErrorCode::kInvalidArgument, "\"" + name + "\" is no name of a " + what);
}

// "in 12 files, the last: M a | M b"
std::string Files(const std::string& lines) {
  const auto files = static_cast<size_t>(std::ranges::count(lines, '\n'));
  return (files > kShownFiles ? ", in " + std::to_string(files) + " files, the last" : "") + ": " +
         OutputTail(lines, kShownFiles);
}

}  // namespace

WorkTree::WorkTree(const Programs& programs, TreeSettings settings, std::stop_token stop)
    : programs_(programs), settings_(std::move(settings)), stop_(std::move(stop)) {}

Invocation WorkTree::Call(std::vector<std::string> arguments) const {
  // A power loss would leave empty objects behind, and a tree that no git reads any more.
  arguments.insert(arguments.begin(), {"git", "-c", "core.fsync=all"});
  return {.argv = std::move(arguments), .deadline = settings_.deadline, .folder = settings_.folder};
}

Result<std::string> WorkTree::Git(std::vector<std::string> arguments) const {
  return programs_.Run(Call(std::move(arguments)), stop_);
}

Result<bool> WorkTree::Ask(std::vector<std::string> arguments) const {
  return programs_.Ask(Call(std::move(arguments)), stop_);
}

// ssh asks nobody for a password, and takes a machine that does not answer for one that is gone.
Result<std::string> WorkTree::GitAtRemote(std::vector<std::string> arguments) const {
  std::string ssh = "ssh";
  MATIC_ASSIGN(const bool own, Ask({"config", "--get", "core.sshCommand"}));
  if (own) {
    MATIC_ASSIGN(const std::string configured, Git({"config", "--get", "core.sshCommand"}));
    ssh = LastLine(configured);
  }
  Invocation call = Call(std::move(arguments));
  call.environment = {"GIT_SSH_COMMAND=" + ssh + " -o BatchMode=yes -o ConnectTimeout=30"};
  return programs_.Run(call, stop_);
}

Result<> WorkTree::CheckNames() const {
  MATIC_TRY(CheckName("remote", settings_.remote));
  return CheckName("branch", settings_.branch);
}

Result<> WorkTree::CheckIsTree() const {
  Result<std::string> inside = Git({"rev-parse", "--is-inside-work-tree"});
  if (inside && LastLine(*inside) == "true") return {};
  if (!inside && inside.error().code != ErrorCode::kIo) return Fail(inside.error());
  return Fail(ErrorCode::kInvalidArgument,
              Folder() + " is no git work tree: " +
                  (inside ? "it is git's own folder" : inside.error().message));
}

Result<> WorkTree::CheckBranch() const {
  MATIC_ASSIGN(const bool on_branch, Ask({"symbolic-ref", "--quiet", "HEAD"}));
  std::string current = "no branch";
  if (on_branch) {
    MATIC_ASSIGN(const std::string name, Git({"symbolic-ref", "--quiet", "--short", "HEAD"}));
    current = LastLine(name);
  }
  if (current == settings_.branch) return {};
  return Fail(ErrorCode::kRefused, Folder() + " is on " + (on_branch ? "branch " : "") + current +
                                       ", not on " + settings_.branch + "; run: git switch " +
                                       settings_.branch);
}

Result<> WorkTree::CheckNoConflicts() const {
  MATIC_ASSIGN(const std::string files, Git({"diff", "--name-only", "--diff-filter=U"}));
  if (files.empty()) return {};
  return Fail(ErrorCode::kRefused, Folder() + " has merge conflicts" + Files(files) +
                                       "; resolve and commit them, or give up: git merge --abort");
}

Result<> WorkTree::CheckNothingUnfinished() const {
  for (const auto& [head, what] :
       {std::pair("MERGE_HEAD", "merge"), std::pair("CHERRY_PICK_HEAD", "cherry-pick"),
        std::pair("REVERT_HEAD", "revert")}) {
    MATIC_ASSIGN(const bool unfinished, Ask({"rev-parse", "--verify", "--quiet", head}));
    if (!unfinished) continue;
    return Fail(ErrorCode::kRefused, Folder() + " is in the middle of a " + what +
                                         "; end it with git " + what + " --continue or --abort");
  }
  return {};
}

Result<> WorkTree::CheckClean() const {
  MATIC_ASSIGN(const std::string status, Git({"status", "--porcelain", "--untracked-files=no"}));
  if (status.empty()) return {};
  return Fail(ErrorCode::kRefused, Folder() + " has changes that are not committed" +
                                       Files(status) +
                                       "; commit them or put them back, or have them built as "
                                       "they are and committed (nixos.commit.enabled)");
}

Result<bool> WorkTree::HasChanges() const {
  MATIC_ASSIGN(const std::string status,
               Git({"status", "--porcelain", "--untracked-files=normal"}));
  return !status.empty();
}

Result<bool> WorkTree::HasUnpushed() const {
  MATIC_ASSIGN(const bool seen, Ask({"rev-parse", "--verify", "--quiet", Tracking()}));
  if (!seen) return true;
  MATIC_ASSIGN(const bool pushed, Ask({"merge-base", "--is-ancestor", "HEAD", Tracking()}));
  return !pushed;
}

Result<std::string> WorkTree::Head() const {
  MATIC_ASSIGN(const std::string output, Git({"rev-parse", "--verify", "HEAD"}));
  const std::string_view commit = LastLine(output);
  if (commit.size() < 40 || commit.find_first_not_of("0123456789abcdef") != commit.npos) {
    return Fail(ErrorCode::kIo,
                "git rev-parse in " + Folder() + " names no commit" + Quoted(OutputTail(output)));
  }
  return std::string(commit);
}

Result<> WorkTree::Fetch() const {
  const Result<std::string> fetched =
      GitAtRemote({"fetch", "--no-tags", "--no-auto-maintenance", "--", settings_.remote,
                   "+refs/heads/" + settings_.branch + ":" + Tracking()});
  if (fetched) return {};
  const Error& error = fetched.error();
  if (error.code == ErrorCode::kCancelled || error.code == ErrorCode::kNotFound) {
    return Fail(error);
  }
  if (Contains(error.message, "couldn't find remote ref")) {
    return Fail(ErrorCode::kNotFound, settings_.remote + " of " + Folder() + " has no branch " +
                                          settings_.branch + " (" + error.message + ")");
  }
  return Fail(ErrorCode::kUnavailable, "fetch for " + Folder() + ": " + error.message);
}

Error WorkTree::Diverged() const {
  return {ErrorCode::kRefused,
          Folder() + " and " + Upstream() +
              " have diverged: each has commits that the other has not; rebase or merge by hand, "
              "or give up what is here: git reset --hard " +
              Upstream()};
}

// Nothing to do where the remote has nothing that is not here.
Result<> WorkTree::FastForward() const {
  MATIC_ASSIGN(const bool nothing_new, Ask({"merge-base", "--is-ancestor", Tracking(), "HEAD"}));
  if (nothing_new) return {};
  MATIC_ASSIGN(const bool only_adds, Ask({"merge-base", "--is-ancestor", "HEAD", Tracking()}));
  if (!only_adds) return Fail(Diverged());
  // A person's merge.autoStash would put changes back into other content than they were made in.
  const Result<std::string> merged =
      Git({"merge", "--ff-only", "--no-autostash", "--quiet", Tracking()});
  // Files that a power loss empties look like edits by hand.
  if (merged) return SyncFileSystem(settings_.folder);
  const bool in_the_way = merged.error().code == ErrorCode::kIo;
  return Fail(in_the_way ? ErrorCode::kRefused : merged.error().code,
              "update " + Folder() + ": " + merged.error().message);
}

Result<> WorkTree::PutBack(const std::string& file) const {
  MATIC_ASSIGN(const std::string committed, Git({"ls-tree", "--name-only", "HEAD", "--", file}));
  const Result<std::string> done =
      committed.empty() ? Git({"rm", "--force", "--quiet", "--ignore-unmatch", "--", file})
                        : Git({"checkout", "--quiet", "HEAD", "--", file});
  if (done) return {};
  return Fail(done.error().Context("put back " + file + " of " + Folder()));
}

Result<> WorkTree::CommitAll(const std::string& message, const std::string& name,
                             const std::string& email) const {
  const std::string what = "commit the changes of " + Folder();
  const Result<std::string> added = Git({"add", "--all", "--", ":/"});
  if (!added) return Fail(added.error().Context(what));
  MATIC_ASSIGN(const bool nothing, Ask({"diff", "--cached", "--quiet"}));
  if (nothing) return {};
  std::vector<std::string> arguments;
  for (const auto& [key, value] :
       {std::pair("user.name", std::cref(name)), std::pair("user.email", std::cref(email))}) {
    MATIC_ASSIGN(const bool known, Ask({"config", "--get", key}));
    if (known) continue;
    arguments.insert(arguments.end(), {"-c", key + ("=" + value.get())});
  }
  arguments.insert(arguments.end(), {"commit", "--quiet", "--message", message});
  const Result<std::string> committed = Git(std::move(arguments));
  if (!committed) return Fail(committed.error().Context(what));
  return {};
}

Result<> WorkTree::Push() const {
  const std::string branch = "refs/heads/" + settings_.branch;
  const Result<std::string> pushed =
      GitAtRemote({"push", "--quiet", "--", settings_.remote, branch + ":" + branch});
  if (pushed) return {};
  const Error& error = pushed.error();
  if (error.code == ErrorCode::kCancelled || error.code == ErrorCode::kNotFound) {
    return Fail(error);
  }
  if (Contains(error.message, "(fetch first)") || Contains(error.message, "(non-fast-forward)")) {
    return Fail(Diverged());
  }
  const std::string what = "push " + Folder() + " to " + Upstream() + ": " + error.message;
  const bool refused =
      Contains(error.message, "[remote rejected]") || Contains(error.message, "[rejected]");
  return Fail(refused ? ErrorCode::kRefused : ErrorCode::kUnavailable, what);
}

}  // namespace matic::nixos
