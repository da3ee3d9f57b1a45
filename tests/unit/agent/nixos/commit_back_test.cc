#include "agent/nixos/commit_back.h"

#include <gmock/gmock.h>

#include <fstream>

#include "tests/unit/agent/nixos/configuration_tree.h"

namespace matic::nixos {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

class CommitBackTest : public ConfigurationTree {
 protected:
  Result<CommitBackResult> Back() {
    return CommitBack(programs_, settings_, ParseTime("2026-01-27T02:03:04Z").value(), {});
  }

  // That it failed, and that the remote is what it was.
  Error BackFails() {
    const std::string there = Head(remote_);
    const Result<CommitBackResult> back = Back();
    EXPECT_FALSE(back);
    EXPECT_EQ(Head(remote_), there);
    return back ? Error{ErrorCode::kInternal, "it was committed back"} : back.error();
  }

  void EditByHand(const std::string& name, const std::string& content) {
    std::ofstream(tree_ / name) << content;
  }

  std::string Status() { return Do({"git", "status", "--porcelain"}, tree_); }

  void WriteHook(const fs::path& hook, const std::string& script) {
    std::ofstream(hook) << "#!/bin/sh\n" << script;
    fs::permissions(hook, fs::perms::owner_all);
  }

  CommitBackSettings settings_{.folder = tree_, .host = "web"};
};

TEST_F(CommitBackTest, ChangesAndNewFilesArriveAtTheRemote) {
  EditByHand("version", "2");
  EditByHand("flake.lock", "{}");
  EditByHand(".gitignore", "result\n");
  EditByHand("result", "ignored");
  const Result<CommitBackResult> back = Back();
  ASSERT_TRUE(back) << back.error().message;
  EXPECT_EQ(*back, (CommitBackResult{.commit = Head(tree_), .pushed = true}));
  EXPECT_EQ(Head(remote_), Head(tree_));
  EXPECT_EQ(Status(), "");
  EXPECT_THAT(Do({"git", "show", "--stat", "--format=%an: %s", "HEAD"}, remote_),
              AllOf(HasSubstr("A Person: chore(web): auto-update 2026-01-27T02:03:04Z"),
                    HasSubstr("version"), HasSubstr("flake.lock"), Not(HasSubstr("result"))));
}

TEST_F(CommitBackTest, WithoutChangesThereIsNothingToDo) {
  fs::rename(remote_, folder_ / "away");
  const Result<CommitBackResult> back = Back();
  ASSERT_TRUE(back) << back.error().message;
  EXPECT_EQ(*back, CommitBackResult());
}

TEST_F(CommitBackTest, WhatCouldNotBePushedIsPushedTheNextTime) {
  EditByHand("version", "2");
  fs::rename(remote_, folder_ / "away");
  const Result<CommitBackResult> offline = Back();
  ASSERT_FALSE(offline);
  EXPECT_EQ(offline.error().code, ErrorCode::kUnavailable);
  EXPECT_THAT(offline.error().message, HasSubstr("committed as " + Head(tree_).substr(0, 12)));
  EXPECT_EQ(Status(), "");

  fs::rename(folder_ / "away", remote_);
  const Result<CommitBackResult> online = Back();
  ASSERT_TRUE(online) << online.error().message;
  EXPECT_EQ(*online, (CommitBackResult{.commit = "", .pushed = true}));
  EXPECT_EQ(Head(remote_), Head(tree_));
}

TEST_F(CommitBackTest, WhatOthersPushedMeanwhileIsTakenOver) {
  EditByHand("flake.lock", "{}");
  Push("hosts", "2");
  const Result<CommitBackResult> back = Back();
  ASSERT_TRUE(back) << back.error().message;
  EXPECT_TRUE(back->pushed);
  EXPECT_EQ(Head(remote_), Head(tree_));
  EXPECT_EQ(Content("hosts"), "2");
  EXPECT_EQ(Content("flake.lock"), "{}");
}

TEST_F(CommitBackTest, WhatOthersPushedToTheSameFilesIsNotOverwritten) {
  EditByHand("version", "by hand");
  Push("version", "2");
  const std::string head = Head(tree_);
  const Error error = BackFails();
  EXPECT_EQ(error.code, ErrorCode::kRefused);
  EXPECT_THAT(error.message, HasSubstr("version"));
  EXPECT_EQ(Content("version"), "by hand");
  EXPECT_EQ(Head(tree_), head);
}

TEST_F(CommitBackTest, NothingIsForcedOnADivergedRemote) {
  Commit(tree_, "hosts", "here");
  Push("version", "2");
  const Error error = BackFails();
  EXPECT_EQ(error.code, ErrorCode::kRefused);
  EXPECT_THAT(error.message, HasSubstr("origin/main have diverged"));
}

TEST_F(CommitBackTest, ARemoteThatRefusesIsQuoted) {
  WriteHook(remote_ / "hooks/pre-receive", "echo main is protected >&2; exit 1\n");
  EditByHand("version", "2");
  const Error error = BackFails();
  EXPECT_EQ(error.code, ErrorCode::kRefused);
  EXPECT_THAT(error.message, HasSubstr("main is protected"));
}

TEST_F(CommitBackTest, AHookThatRefusesIsQuoted) {
  WriteHook(tree_ / ".git/hooks/pre-commit", "echo unformatted: version >&2; exit 1\n");
  EditByHand("version", "2");
  const Error error = BackFails();
  EXPECT_EQ(error.code, ErrorCode::kIo);
  EXPECT_THAT(error.message, HasSubstr("unformatted: version"));
}

TEST_F(CommitBackTest, ConflictsAndUnfinishedMergesAreAPersonsToEnd) {
  Commit(tree_, "version", "here");
  Push("version", "2");
  Do({"git", "fetch", "--quiet"}, tree_);
  ASSERT_FALSE(programs_
                   .Ask({.argv = {"git", "merge", "--quiet", "origin/main"},
                         .deadline = std::chrono::minutes(1),
                         .folder = tree_},
                        {})
                   .value());
  Error error = BackFails();
  EXPECT_EQ(error.code, ErrorCode::kRefused);
  EXPECT_THAT(error.message, HasSubstr("has merge conflicts: version"));

  Do({"git", "add", "version"}, tree_);
  error = BackFails();
  EXPECT_EQ(error.code, ErrorCode::kRefused);
  EXPECT_THAT(error.message, HasSubstr("in the middle of a merge"));
  EXPECT_TRUE(fs::exists(tree_ / ".git/MERGE_HEAD"));
}

TEST_F(CommitBackTest, WhereGitKnowsNobodyTheAgentSigns) {
  const Programs nobody(processes_, {"PATH=/usr/bin:/bin", "GIT_CONFIG_NOSYSTEM=1",
                                     "HOME=" + (folder_ / "home").string()});
  const auto author = [&] {
    return Do({"git", "log", "-1", "--format=%an <%ae>, %cn <%ce>"}, tree_);
  };
  EditByHand("version", "2");
  settings_.email = "web@example.org";
  Result<CommitBackResult> back = CommitBack(nobody, settings_, {}, {});
  ASSERT_TRUE(back) << back.error().message;
  EXPECT_EQ(author(), "Matic <web@example.org>, Matic <web@example.org>\n");

  Do({"git", "config", "user.name", "Ada"}, tree_);
  Do({"git", "config", "user.email", "ada@example.org"}, tree_);
  EditByHand("version", "3");
  back = CommitBack(nobody, settings_, {}, {});
  ASSERT_TRUE(back) << back.error().message;
  EXPECT_EQ(author(), "Ada <ada@example.org>, Ada <ada@example.org>\n");
}

// Takes the place of ssh: notes what it was called with, and answers from this machine.
TEST_F(CommitBackTest, SshAsksNobody) {
  const fs::path calls = folder_ / "calls";
  fs::create_directories(folder_ / "bin");
  WriteHook(folder_ / "bin/ssh",
            "echo \"$@\" >> " + calls.string() + "\nfor last; do :; done\nexec sh -c \"$last\"\n");
  Do({"git", "remote", "set-url", "origin", "ssh://git@example.org" + remote_.string()}, tree_);
  const Programs programs(
      processes_, {"PATH=" + (folder_ / "bin").string() + ":/usr/bin:/bin", "GIT_CONFIG_NOSYSTEM=1",
                   "HOME=" + (folder_ / "home").string()});
  const auto called = [&] { return Do({"cat", calls.string()}); };
  EditByHand("version", "2");
  Result<CommitBackResult> back = CommitBack(programs, settings_, {}, {});
  ASSERT_TRUE(back) << back.error().message;
  EXPECT_EQ(Head(remote_), Head(tree_));
  EXPECT_THAT(called(), HasSubstr("-o BatchMode=yes"));

  fs::remove(calls);
  Do({"git", "config", "core.sshCommand", "ssh -i /etc/deploy key"}, tree_);
  EditByHand("version", "3");
  back = CommitBack(programs, settings_, {}, {});
  ASSERT_TRUE(back) << back.error().message;
  EXPECT_THAT(called(), HasSubstr("-i /etc/deploy key -o BatchMode=yes"));
}

TEST_F(CommitBackTest, ARemoteThatHangsIsGivenUp) {
  fs::create_directories(folder_ / "bin");
  WriteHook(folder_ / "bin/ssh", "exec sleep 1000\n");
  Do({"git", "remote", "set-url", "origin", "ssh://git@example.org/nowhere"}, tree_);
  const Programs programs(
      processes_, {"PATH=" + (folder_ / "bin").string() + ":/usr/bin:/bin", "GIT_CONFIG_NOSYSTEM=1",
                   "HOME=" + (folder_ / "home").string()});
  settings_.deadline = std::chrono::seconds(5);
  EditByHand("version", "2");
  const Result<CommitBackResult> back = CommitBack(programs, settings_, {}, {});
  ASSERT_FALSE(back);
  EXPECT_EQ(back.error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(Status(), "");
}

TEST_F(CommitBackTest, OnlyTheConfiguredBranchIsCommittedTo) {
  Do({"git", "switch", "--quiet", "--create", "mine"}, tree_);
  EditByHand("version", "2");
  const Error error = BackFails();
  EXPECT_EQ(error.code, ErrorCode::kRefused);
  EXPECT_THAT(Status(), HasSubstr("M version"));
}

}  // namespace
}  // namespace matic::nixos
