#include "agent/nixos/tree_owner.h"

#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <fstream>
#include <thread>

#include "agent/nixos/build.h"
#include "agent/nixos/commit_back.h"
#include "agent/nixos/configuration.h"
#include "agent/nixos/flake_inputs.h"
#include "tests/unit/agent/nixos/configuration_tree.h"

namespace matic::nixos {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr uid_t kNobody = 65534;  // has an account on every machine, and no home
constexpr uid_t kNoAccount = 3'999'999'999;

uid_t OwnerOfFile(const fs::path& path) {
  struct stat status {};
  EXPECT_EQ(::lstat(path.c_str(), &status), 0) << path;
  return status.st_uid;
}

// A tree and a store that are nobody's, and an agent that is root.
class TreeOwnerTest : public ConfigurationTree {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "only root can be another user";
    fs::permissions(folder_.path(), fs::perms(0755));
  }

  static void Give(const fs::path& path, uid_t uid) {
    EXPECT_EQ(::lchown(path.c_str(), uid, uid), 0);
    if (!fs::is_directory(fs::symlink_status(path))) return;
    for (const fs::directory_entry& entry : fs::directory_iterator(path)) Give(entry, uid);
  }

  static std::vector<fs::path> NotOf(uid_t uid, const fs::path& folder) {
    std::vector<fs::path> others;
    for (const fs::directory_entry& entry : fs::recursive_directory_iterator(folder)) {
      if (OwnerOfFile(entry) != uid) others.push_back(entry);
    }
    return others;
  }

  std::unique_ptr<TreePrograms> Owner(const fs::path& tree) {
    auto made = TreePrograms::For(processes_, environment_, tree, folder_ / "work");
    EXPECT_TRUE(made) << (made ? "" : made.error().message);
    return made ? *std::move(made) : nullptr;
  }
};

TEST_F(TreeOwnerTest, TheTreeIsPulledAndCommittedToAsItsOwner) {
  Push("version", "2");
  Give(tree_, kNobody);
  Give(remote_, kNobody);
  const PullSettings settings{.folder = tree_};
  const Result<Revisions> as_root = PullFastForward(programs_, settings, {});
  ASSERT_FALSE(as_root);
  EXPECT_THAT(as_root.error().message, HasSubstr("dubious ownership"));

  const std::unique_ptr<TreePrograms> owner = Owner(tree_);
  const Result<Revisions> pulled = PullFastForward(owner->programs(), settings, {});
  ASSERT_TRUE(pulled) << pulled.error().message;
  EXPECT_EQ(Content("version"), "2");

  std::ofstream(tree_ / "version") << "3";
  const Result<CommitBackResult> back =
      CommitBack(owner->programs(), {.folder = tree_, .host = "web"}, {}, {});
  ASSERT_TRUE(back) << back.error().message;
  EXPECT_TRUE(back->pushed);
  EXPECT_THAT(NotOf(kNobody, tree_), IsEmpty());
  EXPECT_THAT(NotOf(kNobody, remote_), IsEmpty());
}

TEST_F(TreeOwnerTest, TheSystemIsBuiltAsTheOwnerAndKeptByTheAgent) {
  WriteFlake("24.05");
  Write("config/input/flake.nix", "{ outputs = { self }: { }; }");
  for (const char* name : {"config", "nix"}) Give(folder_ / name, kNobody);
  const std::unique_ptr<TreePrograms> owner = Owner(folder_ / "config");
  const Result<System> system =
      BuildSystem(programs_, *owner,
                  {.target = FlakeTarget{.flake = (folder_ / "config").string(), .host = "web"},
                   .out_link = folder_ / "state/gcroots/next",
                   .deadline = std::chrono::minutes(1)},
                  {});
  ASSERT_TRUE(system) << system.error().message;
  EXPECT_EQ(OwnerOfFile(system->path), kNobody);
  EXPECT_EQ(OwnerOfFile(folder_ / "state/gcroots/next"), 0u);
  EXPECT_THAT(NotOf(kNobody, folder_ / "config"), IsEmpty());
  Do({"nix-store", "--gc"});
  EXPECT_TRUE(fs::exists(system->path / "nixos-version"));
}

// As on NixOS: the store is root's, and its daemon builds for others.
TEST_F(TreeOwnerTest, TheDaemonBuildsForTheOwner) {
  WriteFlake("24.05");
  Give(folder_ / "config", kNobody);
  const fs::path socket = folder_ / "daemon/socket";
  environment_.push_back("NIX_DAEMON_SOCKET_PATH=" + socket.string());
  std::vector<std::string> of_daemon = environment_;
  of_daemon.emplace_back("NIX_REMOTE=local");  // without it, it may call itself for ever
  const Programs as_daemon(processes_, of_daemon);
  std::atomic<bool> ended = false;
  const std::jthread daemon([&](const std::stop_token& test_ends) {
    const auto run =
        as_daemon.Run({.argv = {"nix-daemon"}, .deadline = std::chrono::minutes(1)}, test_ends);
    EXPECT_TRUE(test_ends.stop_requested()) << (run ? *run : run.error().message);
    ended = true;
  });
  while (!fs::exists(socket) && !ended) std::this_thread::sleep_for(std::chrono::milliseconds(10));

  environment_.push_back("NIX_REMOTE=daemon");
  const Programs as_agent(processes_, environment_);
  const std::unique_ptr<TreePrograms> owner = Owner(folder_ / "config");
  const Result<System> system =
      BuildSystem(as_agent, *owner,
                  {.target = FlakeTarget{.flake = (folder_ / "config").string(), .host = "web"},
                   .out_link = folder_ / "state/gcroots/next",
                   .deadline = std::chrono::minutes(1)},
                  {});
  ASSERT_TRUE(system) << system.error().message;
  EXPECT_EQ(OwnerOfFile(system->path), 0u);
  Do({"nix-store", "--gc"});
  EXPECT_TRUE(fs::exists(system->path / "nixos-version"));
  EXPECT_THAT(NotOf(kNobody, folder_ / "config"), IsEmpty());
}

TEST_F(TreeOwnerTest, TheLockFileIsTheOwners) {
  Write("config/input/flake.nix", "{ outputs = { self }: { }; }");
  Write("config/flake.nix", "{ inputs.a.url = \"path:" + (folder_ / "config/input").string() +
                                "\"; outputs = { self, a }: { }; }");
  for (const char* name : {"config", "nix"}) Give(folder_ / name, kNobody);
  const std::unique_ptr<TreePrograms> owner = Owner(folder_ / "config");
  const NixVersion version = GetNixVersion(owner->programs(), {}).value();
  const Result<std::string> updated =
      UpdateInputs(owner->programs(), version, {.flake = folder_ / "config", .inputs = {}}, {});
  ASSERT_TRUE(updated) << updated.error().message;
  EXPECT_EQ(OwnerOfFile(folder_ / "config/flake.lock"), kNobody);
}

TEST_F(TreeOwnerTest, ProgramsSeeTheOwnersHomeAndNoOtherRights) {
  Give(tree_, kNobody);
  const std::unique_ptr<TreePrograms> owner = Owner(tree_);
  const Result<std::string> seen =
      owner->programs().Run({.argv = {"sh", "-c",
                                      "id -u; id -G; stat -c %u \"$HOME\"; echo $USER; env | grep "
                                      "-c ^HOME=; test -w \"$XDG_CACHE_HOME\" && echo cached"},
                             .deadline = std::chrono::minutes(1)},
                            {});
  ASSERT_TRUE(seen) << seen.error().message;
  EXPECT_EQ(*seen, "65534\n65534\n65534\nnobody\n1\ncached\n");
  const Result<std::string> missing =
      owner->programs().Run({.argv = {"no-such-git"}, .deadline = std::chrono::minutes(1)}, {});
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, ErrorCode::kNotFound);
}

TEST_F(TreeOwnerTest, TheOwnerIsThatOfTheWholeTree) {
  fs::create_directory(tree_ / "hosts");
  EXPECT_EQ(OwnerOf(tree_).value(), std::nullopt);
  Give(tree_, kNobody);
  ASSERT_EQ(::chown((tree_ / "hosts").c_str(), 0, 0), 0);
  const std::optional<Account> owner = OwnerOf(tree_ / "hosts").value();
  ASSERT_TRUE(owner);
  EXPECT_EQ(owner->uid, kNobody);
  EXPECT_EQ(owner->name, "nobody");
}

TEST_F(TreeOwnerTest, AnOwnerWithoutAnAccountIsTold) {
  Give(tree_, kNoAccount);
  const auto owner = TreePrograms::For(processes_, environment_, tree_, folder_ / "work");
  ASSERT_FALSE(owner);
  EXPECT_EQ(owner.error().code, ErrorCode::kNotFound);
  EXPECT_THAT(owner.error().message, HasSubstr("3999999999, who has no account"));
  EXPECT_EQ(OwnerOf(folder_ / "nowhere").error().code, ErrorCode::kNotFound);
}

TEST_F(TreeOwnerTest, WithoutSetprivItIsNotDoneAsRoot) {
  Give(tree_, kNobody);
  const std::unique_ptr<TreePrograms> owner = Owner(tree_);
  const std::string path = std::getenv("PATH");
  ::setenv("PATH", "/nowhere", 1);
  const Result<std::string> run =
      owner->programs().Run({.argv = {"id"}, .deadline = std::chrono::minutes(1)}, {});
  ::setenv("PATH", path.c_str(), 1);
  ASSERT_FALSE(run);
  EXPECT_EQ(run.error().code, ErrorCode::kRefused);
  EXPECT_THAT(run.error().message, HasSubstr("run id as nobody: setpriv of util-linux"));
}

TEST_F(TreeOwnerTest, WorkFoldersAreClearedUp) {
  const fs::path work = folder_ / "work";
  fs::create_directories(work / ".work-left/by/a/crash");
  fs::create_directories(work / "other");
  {
    const OwnedFolder first = OwnedFolder::Make(work, std::nullopt).value();
    const OwnedFolder second = OwnedFolder::Make(work, std::nullopt).value();
    EXPECT_TRUE(fs::is_directory(first.path()));
    EXPECT_TRUE(fs::is_directory(second.path()));
    EXPECT_FALSE(fs::exists(work / ".work-left"));
  }
  EXPECT_EQ(std::distance(fs::directory_iterator(work), fs::directory_iterator()), 1);
}

}  // namespace
}  // namespace matic::nixos
