#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/unique_fd.h"
#include "tests/unit/agent/prechecks/small_machine.h"

namespace matic::prechecks {
namespace {

using ::testing::HasSubstr;

// Another process that holds a lock until it is ended, as dpkg does.
class LockHolder {
 public:
  explicit LockHolder(const std::filesystem::path& path) {
    int ready[2];
    if (pipe(ready) != 0) return;
    pid_ = fork();
    if (pid_ == 0) {
      struct flock lock {};
      lock.l_type = F_WRLCK;
      const int fd = open(path.c_str(), O_RDWR);
      const char locked = fcntl(fd, F_SETLK, &lock) == 0 ? 'y' : 'n';
      if (write(ready[1], &locked, 1) == 1) pause();
      _exit(0);
    }
    char locked = 'n';
    held_ = read(ready[0], &locked, 1) == 1 && locked == 'y';
    close(ready[0]);
    close(ready[1]);
  }
  ~LockHolder() {
    if (pid_ <= 0) return;
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }

  pid_t pid() const { return pid_; }
  bool held() const { return held_; }

 private:
  pid_t pid_ = -1;
  bool held_ = false;
};

class PackageWorkTest : public SmallMachine {
 protected:
  PackageWorkTest() : path_(Write("lock-frontend", "")) {
    machine_.package_locks = {{"dpkg", folder_ / "absent"}, {"dpkg", path_}};
  }

  const std::filesystem::path path_;
};

TEST_F(PackageWorkTest, ALockFileThatNobodyLocksPasses) { EXPECT_EQ(Refusals(), ""); }

TEST_F(PackageWorkTest, WhoHoldsTheLockIsNamed) {
  {
    const LockHolder dpkg(path_);
    ASSERT_TRUE(dpkg.held());
    const std::string pid = std::to_string(dpkg.pid());
    EXPECT_EQ(Refusals(), "packages: dpkg is at work: " + path_.string() +
                              " is locked by process " + pid + "; wait until it is done");
    Write("proc/" + pid + "/comm", "apt-get\n");
    EXPECT_THAT(Refusals(), HasSubstr("by process " + pid + " (apt-get); wait"));
    wanted_.package_work_allowed = true;
    EXPECT_EQ(Refusals(), "");
    wanted_.package_work_allowed = false;
  }
  EXPECT_EQ(Refusals(), "") << "the lock ends with its holder";
}

TEST_F(PackageWorkTest, LockingTheWholeFileIsSeenToo) {
  machine_.package_locks = {{"nix", path_, PackageLock::Kind::kWholeFile}};
  EXPECT_EQ(Refusals(), "");
  {
    const UniqueFd nix(open(path_.c_str(), O_RDWR));
    ASSERT_EQ(flock(nix.get(), LOCK_EX), 0);
    EXPECT_EQ(Refusals(),
              "packages: nix is at work: " + path_.string() + " is locked; wait until it is done");
  }
  EXPECT_EQ(Refusals(), "");
  const UniqueFd nix(open(path_.c_str(), O_RDWR));
  EXPECT_EQ(flock(nix.get(), LOCK_EX | LOCK_NB), 0) << "looking has left no lock behind";
}

TEST_F(PackageWorkTest, WhatIsNoLockFileIsPassedBy) {
  ASSERT_EQ(mkfifo((folder_ / "fifo").c_str(), 0600), 0);
  std::filesystem::create_symlink(path_, folder_ / "link");
  const LockHolder dpkg(path_);
  ASSERT_TRUE(dpkg.held());
  machine_.package_locks = {{"a", folder_ / "fifo"}, {"b", folder_ / "link"}, {"c", folder_}};
  EXPECT_EQ(Refusals(), "");
}

TEST_F(PackageWorkTest, WhoSwitchesToAnotherConfigurationIsNamed) {
  Result<> held = {};
  machine_.switch_lock = [&held] { return held; };
  EXPECT_EQ(Refusals(), "");
  held = Fail(ErrorCode::kRefused, "nixos-rebuild switch (pid 12) holds the lock");
  EXPECT_EQ(Refusals(),
            "switch-lock: nixos-rebuild switch (pid 12) holds the lock; wait until it is done");
  wanted_.package_work_allowed = true;
  EXPECT_NE(Refusals(), "") << "that is of packages";
  held = Fail(ErrorCode::kIo, "/proc/locks: Input/output error");
  EXPECT_EQ(Refusals(), "") << "what cannot be found out passes";
}

}  // namespace
}  // namespace matic::prechecks
