#include "agent/nixos/configuration.h"

#include <utility>

#include "agent/nixos/work_tree.h"

namespace matic::nixos {
namespace {

WorkTree TreeOf(const Programs& programs, const PullSettings& settings, std::stop_token stop) {
  return {programs,
          {.folder = settings.folder,
           .remote = settings.remote,
           .branch = settings.branch,
           .deadline = settings.deadline},
          std::move(stop)};
}

Result<> CheckChanges(const WorkTree& tree, DirtyTree dirty) {
  MATIC_TRY(tree.CheckNoConflicts());
  return dirty == DirtyTree::kRefused ? tree.CheckClean() : Result<>();
}

}  // namespace

Result<Revisions> PullFastForward(const Programs& programs, const PullSettings& settings,
                                  std::stop_token stop) {
  const WorkTree tree = TreeOf(programs, settings, std::move(stop));
  MATIC_TRY(tree.CheckNames());
  MATIC_TRY(tree.CheckIsTree());
  MATIC_TRY(tree.CheckBranch());
  MATIC_TRY(CheckChanges(tree, settings.dirty));
  Revisions revisions;
  MATIC_ASSIGN(revisions.before, tree.Head());
  MATIC_TRY(tree.Fetch());
  MATIC_TRY(tree.FastForward());
  MATIC_ASSIGN(revisions.after, tree.Head());
  return revisions;
}

Result<std::string> CheckTree(const Programs& programs, const PullSettings& settings,
                              std::stop_token stop) {
  const WorkTree tree = TreeOf(programs, settings, std::move(stop));
  MATIC_TRY(tree.CheckIsTree());
  MATIC_TRY(CheckChanges(tree, settings.dirty));
  return tree.Head();
}

}  // namespace matic::nixos
