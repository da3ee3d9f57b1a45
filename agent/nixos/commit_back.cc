#include "agent/nixos/commit_back.h"

#include <optional>
#include <utility>

#include "agent/nixos/work_tree.h"
#include "lib/os/output_tail.h"

namespace matic::nixos {
namespace {

// Whether the remote answers. A branch that it has not is made by the push.
Result<std::optional<Error>> CatchUp(const WorkTree& tree) {
  const Result<> fetched = tree.Fetch();
  if (fetched) {
    MATIC_TRY(tree.FastForward());
    return std::nullopt;
  }
  if (fetched.error().code == ErrorCode::kUnavailable) return fetched.error();
  if (fetched.error().code == ErrorCode::kNotFound) return std::nullopt;
  return Fail(fetched.error());
}

}  // namespace

Result<CommitBackResult> CommitBack(const Programs& programs, const CommitBackSettings& settings,
                                    WallTime now, std::stop_token stop) {
  const WorkTree tree(programs,
                      {.folder = settings.folder,
                       .remote = settings.remote,
                       .branch = settings.branch,
                       .deadline = settings.deadline},
                      std::move(stop));
  MATIC_TRY(tree.CheckNames());
  MATIC_TRY(tree.CheckIsTree());
  MATIC_TRY(tree.CheckBranch());
  MATIC_TRY(tree.CheckNoConflicts());
  MATIC_TRY(tree.CheckNothingUnfinished());
  CommitBackResult result;
  MATIC_ASSIGN(const bool changed, tree.HasChanges());
  MATIC_ASSIGN(bool to_push, tree.HasUnpushed());
  if (!changed && !to_push) return result;
  MATIC_ASSIGN(const std::optional<Error> unreachable, CatchUp(tree));
  if (changed) {
    MATIC_ASSIGN(const std::string before, tree.Head());
    MATIC_TRY(
        tree.CommitAll("chore(" + CleanText(settings.host) + "): auto-update " + FormatTime(now),
                       settings.name, settings.email));
    MATIC_ASSIGN(const std::string after, tree.Head());
    if (after != before) result.commit = after;
  }
  MATIC_ASSIGN(to_push, tree.HasUnpushed());
  if (!to_push) return result;
  const Result<> pushed = unreachable ? Fail(*unreachable) : tree.Push();
  if (!pushed) {
    return Fail(result.commit.empty()
                    ? pushed.error()
                    : pushed.error().Context("committed as " + result.commit.substr(0, 12)));
  }
  result.pushed = true;
  return result;
}

}  // namespace matic::nixos
