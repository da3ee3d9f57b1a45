#include "agent/nixos/borrowed_lock.h"

#include <gmock/gmock.h>

#include "lib/os/durable_file.h"
#include "tests/unit/agent/nixos/nix_host.h"

namespace matic::nixos {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

// A configuration in git, with a lock file or without.
class BorrowedLockTest : public NixHost {
 protected:
  BorrowedLockTest() {
    fs::create_directories(folder_ / "state");
    fs::create_directories(folder_ / "work");
    options_.state_dir = folder_ / "state";
    options_.work_dir = folder_ / "work";
    options_.environment = environment_;
    Git({"init", "--quiet", "--initial-branch", "main"});
  }
  void Git(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "git");
    Do(arguments, tree_);
  }
  void Commit() {
    Git({"add", "--all"});
    Git({"commit", "--quiet", "--message", "x"});
  }
  // As an agent of its own, which knows what lies on the disk.
  std::optional<fs::path> PutBack() {
    const auto back = BorrowedLock(options_, processes_).PutBack();
    EXPECT_TRUE(back) << (back ? "" : back.error().message);
    return back.value_or(std::nullopt);
  }
  void Borrow() { ASSERT_TRUE(BorrowedLock(options_, processes_).Borrow(tree_)); }
  std::string Lock() const { return ReadFile(tree_ / "flake.lock", 1000).value_or("none"); }
  std::string Status() { return Do({"git", "status", "--porcelain"}, tree_); }

  const fs::path tree_ = folder_ / "config";
  NixosOptions options_;
};

TEST_F(BorrowedLockTest, ItBecomesWhatWasCommitted) {
  Write("config/flake.lock", "committed");
  Commit();
  Borrow();
  Write("config/flake.lock", "moved");
  EXPECT_EQ(PutBack(), tree_);
  EXPECT_EQ(Lock(), "committed");
  EXPECT_EQ(Status(), "");
}

TEST_F(BorrowedLockTest, OneThatNobodyCommittedGoes) {
  Commit();
  Borrow();
  Write("config/flake.lock", "new");
  Git({"add", "--intent-to-add", "flake.lock"});  // as Nix does
  EXPECT_EQ(PutBack(), tree_);
  EXPECT_EQ(Lock(), "none");
  EXPECT_EQ(Status(), "");
}

TEST_F(BorrowedLockTest, OneThatIsNotBorrowedIsLeftAlone) {
  Write("config/flake.lock", "committed");
  Commit();
  Write("config/flake.lock", "by hand");
  EXPECT_EQ(PutBack(), std::nullopt);
  Borrow();
  EXPECT_EQ(PutBack(), tree_);
  Write("config/flake.lock", "by hand");
  EXPECT_EQ(PutBack(), std::nullopt);
  EXPECT_EQ(Lock(), "by hand");
}

TEST_F(BorrowedLockTest, WhereGitFailsItStaysBorrowed) {
  Write("config/flake.lock", "committed");
  Commit();
  Borrow();
  Write("config/flake.lock", "moved");
  Write("config/.git/index.lock", "");
  const auto back = BorrowedLock(options_, processes_).PutBack();
  ASSERT_FALSE(back);
  EXPECT_THAT(back.error().message, HasSubstr("index.lock"));
  fs::remove(tree_ / ".git/index.lock");
  EXPECT_EQ(PutBack(), tree_);
  EXPECT_EQ(Lock(), "committed");
}

TEST_F(BorrowedLockTest, ATreeThatIsGoneIsDoneWith) {
  Borrow();
  fs::remove_all(tree_);
  EXPECT_EQ(PutBack(), std::nullopt);
  EXPECT_FALSE(fs::exists(folder_ / "state/nixos/borrowed-lock"));
}

TEST_F(BorrowedLockTest, ANoteThatIsGarbageIsSetAside) {
  Write("state/nixos/borrowed-lock", "\0\1");
  EXPECT_EQ(PutBack(), std::nullopt);
  EXPECT_TRUE(fs::exists(folder_ / "state/nixos/borrowed-lock.bad-1"));
}

}  // namespace
}  // namespace matic::nixos
