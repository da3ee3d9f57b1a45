#include "agent/nixos/configuration.h"

#include <gmock/gmock.h>

#include <fstream>

#include "tests/unit/agent/nixos/configuration_tree.h"

namespace matic::nixos {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class ConfigurationTest : public ConfigurationTree {
 protected:
  Result<Revisions> Pull() { return PullFastForward(programs_, settings_, {}); }

  // That it failed, and that the tree is what it was.
  Error PullFails() {
    const std::string head = Head(settings_.folder);
    const std::string version = Content("version");
    const Result<Revisions> pulled = Pull();
    EXPECT_FALSE(pulled);
    EXPECT_EQ(Head(settings_.folder), head);
    EXPECT_EQ(Content("version"), version);
    return pulled ? Error{ErrorCode::kInternal, "it was pulled"} : pulled.error();
  }

  PullSettings settings_{.folder = tree_};
};

TEST_F(ConfigurationTest, WhatIsNewIsTaken) {
  Push("version", "2");
  const Result<Revisions> pulled = Pull();
  ASSERT_TRUE(pulled) << pulled.error().message;
  EXPECT_NE(pulled->before, pulled->after);
  EXPECT_EQ(pulled->after, Head(person_));
  EXPECT_EQ(Content("version"), "2");

  const Result<Revisions> again = Pull();
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(again->before, again->after);
}

TEST_F(ConfigurationTest, ATreeMayBeAFolderOfARepository) {
  fs::create_directory(person_ / "hosts");
  Push("hosts/web.nix", "1");
  ASSERT_TRUE(Pull());
  Push("hosts/web.nix", "2");
  settings_.folder /= "hosts";
  const Result<Revisions> pulled = Pull();
  ASSERT_TRUE(pulled) << pulled.error().message;
  EXPECT_EQ(Content("hosts/web.nix"), "2");
}

TEST_F(ConfigurationTest, UntrackedFilesAndUnpushedCommitsAreNoObstacle) {
  std::ofstream(settings_.folder / "secrets.nix") << "mine";
  Commit(settings_.folder, "flake.lock", "updated here");
  const Result<Revisions> pulled = Pull();
  ASSERT_TRUE(pulled) << pulled.error().message;
  EXPECT_EQ(pulled->before, pulled->after);
  EXPECT_EQ(Content("flake.lock"), "updated here");
  EXPECT_EQ(Content("secrets.nix"), "mine");
}

TEST_F(ConfigurationTest, ChangesByHandAreRefused) {
  Push("version", "2");
  std::ofstream(settings_.folder / "version") << "by hand";
  const Error error = PullFails();
  EXPECT_EQ(error.code, ErrorCode::kRefused);
  EXPECT_THAT(error.message, HasSubstr("has changes that are not committed: M version"));
}

TEST_F(ConfigurationTest, ChangesByHandStayWhereTheyAreToBeBuilt) {
  settings_.dirty = DirtyTree::kTakenAsItIs;
  std::ofstream(tree_ / "version") << "by hand";
  Push("hosts", "2");
  const Result<Revisions> pulled = Pull();
  ASSERT_TRUE(pulled) << pulled.error().message;
  EXPECT_EQ(pulled->after, Head(person_));
  EXPECT_EQ(Content("hosts"), "2");
  EXPECT_EQ(Content("version"), "by hand");

  Push("version", "3");
  const Error error = PullFails();
  EXPECT_EQ(error.code, ErrorCode::kRefused);
  EXPECT_THAT(error.message, HasSubstr("version"));
}

TEST_F(ConfigurationTest, ATreeThatIsNotPulledIsLookedAtToo) {
  fs::rename(remote_, folder_ / "away");
  Do({"git", "switch", "--quiet", "--create", "mine"}, tree_);
  EXPECT_EQ(CheckTree(programs_, settings_, {}).value(), Head(tree_));
  std::ofstream(tree_ / "version") << "by hand";
  const Result<std::string> dirty = CheckTree(programs_, settings_, {});
  ASSERT_FALSE(dirty);
  EXPECT_EQ(dirty.error().code, ErrorCode::kRefused);
  EXPECT_THAT(dirty.error().message, HasSubstr("M version"));
  settings_.dirty = DirtyTree::kTakenAsItIs;
  EXPECT_EQ(CheckTree(programs_, settings_, {}).value(), Head(tree_));
}

TEST_F(ConfigurationTest, MergeConflictsAreRefused) {
  Commit(settings_.folder, "version", "here");
  Push("version", "2");
  Do({"git", "fetch", "--quiet"}, settings_.folder);
  ASSERT_FALSE(programs_
                   .Ask({.argv = {"git", "merge", "--quiet", "origin/main"},
                         .deadline = std::chrono::minutes(1),
                         .folder = settings_.folder},
                        {})
                   .value());
  for (const DirtyTree dirty : {DirtyTree::kRefused, DirtyTree::kTakenAsItIs}) {
    settings_.dirty = dirty;
    const Error error = PullFails();
    EXPECT_EQ(error.code, ErrorCode::kRefused);
    EXPECT_THAT(error.message, HasSubstr("has merge conflicts: version"));
  }
}

TEST_F(ConfigurationTest, DivergedBranchesAreRefused) {
  Commit(settings_.folder, "version", "here");
  Push("version", "2");
  const Error error = PullFails();
  EXPECT_EQ(error.code, ErrorCode::kRefused);
  EXPECT_THAT(error.message, HasSubstr("and origin/main have diverged"));
}

TEST_F(ConfigurationTest, AnUntrackedFileInTheWayIsKept) {
  Push("hardware.nix", "theirs");
  std::ofstream(settings_.folder / "hardware.nix") << "mine";
  const Error error = PullFails();
  EXPECT_EQ(error.code, ErrorCode::kRefused);
  EXPECT_THAT(error.message, HasSubstr("hardware.nix"));
  EXPECT_EQ(Content("hardware.nix"), "mine");
}

TEST_F(ConfigurationTest, OnlyTheConfiguredBranchIsPulled) {
  Do({"git", "switch", "--quiet", "--create", "stable"}, settings_.folder);
  Error error = PullFails();
  EXPECT_EQ(error.code, ErrorCode::kRefused);
  EXPECT_THAT(error.message, HasSubstr("is on branch stable, not on main"));

  settings_.branch = "stable";
  error = PullFails();
  EXPECT_EQ(error.code, ErrorCode::kNotFound);
  EXPECT_THAT(error.message, HasSubstr("has no branch stable"));

  Do({"git", "switch", "--quiet", "--detach"}, settings_.folder);
  error = PullFails();
  EXPECT_EQ(error.code, ErrorCode::kRefused);
  EXPECT_THAT(error.message, HasSubstr("is on no branch"));
}

TEST_F(ConfigurationTest, AFetchThatFailsLeavesWhatIsHere) {
  fs::rename(remote_, folder_ / "away");
  EXPECT_EQ(PullFails().code, ErrorCode::kUnavailable);

  settings_.remote = "upstream";
  const Error error = PullFails();
  EXPECT_EQ(error.code, ErrorCode::kUnavailable);
  EXPECT_THAT(error.message, HasSubstr("upstream"));
}

TEST_F(ConfigurationTest, AStopIsNoFailedFetch) {
  std::stop_source stop;
  stop.request_stop();
  const Result<Revisions> pulled = PullFastForward(programs_, settings_, stop.get_token());
  ASSERT_FALSE(pulled);
  EXPECT_EQ(pulled.error().code, ErrorCode::kCancelled);
}

TEST_F(ConfigurationTest, WhatIsNoWorkTreeIsTold) {
  PullSettings none = settings_;
  none.folder = folder_ / "home";
  EXPECT_EQ(PullFastForward(programs_, none, {}).error().code, ErrorCode::kInvalidArgument);
  none.folder = settings_.folder / ".git";
  EXPECT_EQ(PullFastForward(programs_, none, {}).error().code, ErrorCode::kInvalidArgument);
  none.folder = folder_ / "nowhere";
  EXPECT_EQ(PullFastForward(programs_, none, {}).error().code, ErrorCode::kNotFound);
}

TEST_F(ConfigurationTest, NamesAreNoOptions) {
  settings_.branch = "--upload-pack=/bin/false";
  EXPECT_EQ(PullFails().code, ErrorCode::kInvalidArgument);
  settings_.branch = "main:refs/heads/other";
  EXPECT_EQ(PullFails().code, ErrorCode::kInvalidArgument);
  settings_.branch = "main";
  settings_.remote = "-o";
  EXPECT_EQ(PullFails().code, ErrorCode::kInvalidArgument);
}

}  // namespace
}  // namespace matic::nixos
