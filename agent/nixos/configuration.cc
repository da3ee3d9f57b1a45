#include "agent/nixos/configuration.h"

#include <algorithm>
#include <string_view>
#include <utility>
#include <vector>

#include "lib/os/output_tail.h"

namespace matic::nixos {
namespace {

constexpr size_t kShownFiles = 5;

std::string_view LastLine(std::string_view text) {
  while (text.ends_with('\n')) text.remove_suffix(1);
  return text.substr(text.find_last_of('\n') + 1);
}

class WorkTree {
 public:
  WorkTree(const Programs& programs, const PullSettings& settings, std::stop_token stop)
      : programs_(programs), settings_(settings), stop_(std::move(stop)) {}

  Result<> CheckIsTree() const {
    Result<std::string> inside = Git({"rev-parse", "--is-inside-work-tree"});
    if (inside && LastLine(*inside) == "true") return {};
    if (!inside && inside.error().code != ErrorCode::kIo) return Fail(inside.error());
    return Fail(ErrorCode::kInvalidArgument,
                Folder() + " is no git work tree: " +
                    (inside ? "it is git's own folder" : inside.error().message));
  }

  Result<> CheckBranch() const {
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

  Result<> CheckClean() const {
    MATIC_ASSIGN(const std::string status, Git({"status", "--porcelain", "--untracked-files=no"}));
    if (status.empty()) return {};
    const auto files = static_cast<size_t>(std::ranges::count(status, '\n'));
    const bool conflict = status.find("UU ") == 0 || status.find("\nUU ") != std::string::npos;
    return Fail(
        ErrorCode::kRefused,
        Folder() + (conflict ? " has merge conflicts" : " has changes that are not committed") +
            (files > kShownFiles ? ", in " + std::to_string(files) + " files, the last" : "") +
            ": " + OutputTail(status, kShownFiles) + "; commit them or put them back");
  }

  Result<> Fetch() const {
    const Result<std::string> fetched =
        Git({"fetch", "--no-tags", "--no-auto-maintenance", "--", settings_.remote,
             "+refs/heads/" + settings_.branch + ":" + Tracking()});
    if (fetched) return {};
    const Error& error = fetched.error();
    if (error.code == ErrorCode::kCancelled || error.code == ErrorCode::kNotFound) {
      return Fail(error);
    }
    if (error.message.find("couldn't find remote ref") != std::string::npos) {
      return Fail(ErrorCode::kNotFound, settings_.remote + " of " + Folder() + " has no branch " +
                                            settings_.branch + " (" + error.message + ")");
    }
    return Fail(ErrorCode::kUnavailable, "fetch for " + Folder() + ": " + error.message);
  }

  // Nothing to do where the remote has nothing that is not here.
  Result<> FastForward() const {
    MATIC_ASSIGN(const bool nothing_new, Ask({"merge-base", "--is-ancestor", Tracking(), "HEAD"}));
    if (nothing_new) return {};
    MATIC_ASSIGN(const bool only_adds, Ask({"merge-base", "--is-ancestor", "HEAD", Tracking()}));
    if (!only_adds) {
      return Fail(ErrorCode::kRefused,
                  Folder() + " and " + settings_.remote + "/" + settings_.branch +
                      " have diverged: each has commits that the other has not; rebase or merge by "
                      "hand, or give up what is here: git reset --hard " +
                      settings_.remote + "/" + settings_.branch);
    }
    const Result<std::string> merged = Git({"merge", "--ff-only", "--quiet", Tracking()});
    if (merged) return {};
    const bool in_the_way = merged.error().code == ErrorCode::kIo;
    return Fail(in_the_way ? ErrorCode::kRefused : merged.error().code,
                "update " + Folder() + ": " + merged.error().message);
  }

  Result<std::string> Head() const {
    MATIC_ASSIGN(const std::string output, Git({"rev-parse", "--verify", "HEAD"}));
    const std::string_view commit = LastLine(output);
    if (commit.size() < 40 || commit.find_first_not_of("0123456789abcdef") != commit.npos) {
      return Fail(ErrorCode::kIo,
                  "git rev-parse in " + Folder() + " names no commit" + Quoted(OutputTail(output)));
    }
    return std::string(commit);
  }

 private:
  std::string Folder() const { return settings_.folder.string(); }
  std::string Tracking() const {
    return "refs/remotes/" + settings_.remote + "/" + settings_.branch;
  }
  Invocation Call(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), "git");
    return {
        .argv = std::move(arguments), .deadline = settings_.deadline, .folder = settings_.folder};
  }
  Result<std::string> Git(std::vector<std::string> arguments) const {
    return programs_.Run(Call(std::move(arguments)), stop_);
  }
  Result<bool> Ask(std::vector<std::string> arguments) const {
    return programs_.Ask(Call(std::move(arguments)), stop_);
  }

  const Programs& programs_;
  const PullSettings& settings_;
  std::stop_token stop_;
};

// What goes into a refspec, and must not be taken for an option.
Result<> CheckName(const std::string& what, const std::string& name) {
  if (!name.empty() && name[0] != '-' && name.find_first_of(" :+*?[\\^~") == std::string::npos) {
    return {};
  }
  return Fail(ErrorCode::kInvalidArgument, "\"" + name + "\" is no name of a " + what);
}

}  // namespace

Result<Revisions> PullFastForward(const Programs& programs, const PullSettings& settings,
                                  std::stop_token stop) {
  MATIC_TRY(CheckName("remote", settings.remote));
  MATIC_TRY(CheckName("branch", settings.branch));
  const WorkTree tree(programs, settings, std::move(stop));
  MATIC_TRY(tree.CheckIsTree());
  MATIC_TRY(tree.CheckBranch());
  MATIC_TRY(tree.CheckClean());
  Revisions revisions;
  MATIC_ASSIGN(revisions.before, tree.Head());
  MATIC_TRY(tree.Fetch());
  MATIC_TRY(tree.FastForward());
  MATIC_ASSIGN(revisions.after, tree.Head());
  return revisions;
}

}  // namespace matic::nixos
