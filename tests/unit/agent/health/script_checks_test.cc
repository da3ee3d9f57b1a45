#include "agent/health/script_checks.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>
#include <thread>

#include "tests/unit/lib/os/temporary_folder.h"

namespace matic::health {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// Real programs, as they are run on a machine.
class ScriptChecksTest : public testing::Test {
 protected:
  ScriptChecksTest() { scripts_.dirs = {folder_ / "etc", folder_ / "lib"}; }

  void Script(const std::string& name, const std::string& body, mode_t mode = 0755) {
    const std::filesystem::path path = folder_ / name;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path) << "#!/bin/sh\n" << body << "\n";
    ::chmod(path.c_str(), mode);
  }

  std::vector<std::unique_ptr<Check>> Find() { return ScriptFinder(scripts_, processes_)(); }

  Finding RunOnly(std::stop_token stop = {}) {
    const auto checks = Find();
    EXPECT_EQ(checks.size(), 1u);
    return checks.at(0)->Run(std::move(stop));
  }

  const TemporaryFolder folder_;
  config::ScriptChecks scripts_;
  SystemProcessRunner processes_;
};

TEST_F(ScriptChecksTest, TheFolderSaysWhetherOneIsCritical) {
  Script("etc/required.d/20-db.sh", "exit 0");
  Script("etc/required.d/10-net", "exit 0");
  Script("etc/wanted.d/10-tea", "exit 0");
  std::vector<std::string> names;
  std::vector<bool> critical;
  for (const auto& check : Find()) {
    names.push_back(check->name());
    critical.push_back(check->critical());
  }
  EXPECT_THAT(names, ElementsAre("required.d/10-net", "required.d/20-db.sh", "wanted.d/10-tea"));
  EXPECT_THAT(critical, ElementsAre(true, true, false));
}

TEST_F(ScriptChecksTest, WithoutFoldersThereAreNone) {
  EXPECT_THAT(Find(), IsEmpty());
  Script("etc/required.d/10-net", "exit 0");
  scripts_.settings.enabled = false;
  EXPECT_THAT(Find(), IsEmpty());
}

TEST_F(ScriptChecksTest, AnEarlierFolderReplacesOrMasks) {
  Script("lib/required.d/10-net", "exit 1");
  Script("lib/required.d/20-db", "exit 1");
  Script("etc/required.d/10-net", "echo of this machine");
  std::filesystem::create_symlink("/dev/null", folder_ / "etc/required.d/20-db");
  EXPECT_EQ(RunOnly().output, "of this machine");
}

TEST_F(ScriptChecksTest, ExitCodeZeroPasses) {
  Script("etc/required.d/10-net", "exit 0");
  const Finding finding = RunOnly();
  EXPECT_TRUE(finding.passed);
  EXPECT_EQ(finding.output, "exited with 0");
}

TEST_F(ScriptChecksTest, TheLastLinesOfAFailedOneAreQuoted) {
  Script("etc/required.d/10-db", "seq 1 100; echo 'no route to db' >&2; exit 3");
  const Finding finding = RunOnly();
  EXPECT_FALSE(finding.passed);
  EXPECT_EQ(finding.output, "exited with 3: \"99 | 100 | no route to db\"");
}

TEST_F(ScriptChecksTest, OneThatHangsIsKilledAtItsTime) {
  scripts_.settings.timeout = 1s;
  Script("etc/required.d/10-db", "echo waiting for db; sleep 600 & sleep 600");
  const Finding finding = RunOnly();
  EXPECT_FALSE(finding.passed);
  EXPECT_EQ(finding.output, "still ran after 1 s and was killed: \"waiting for db\"");
}

TEST_F(ScriptChecksTest, OneThatIsCutOffTellsWhatItSaidUntilThen) {
  const std::string started = (folder_ / "started").string();
  Script("etc/required.d/10-db", "echo waiting for db; touch " + started + "; sleep 600");
  std::stop_source stop;
  std::jthread stopper([&] {
    while (!std::filesystem::exists(started)) std::this_thread::sleep_for(5ms);
    stop.request_stop();
  });
  EXPECT_EQ(RunOnly(stop.get_token()).output, "had not ended: \"waiting for db\"");
}

TEST_F(ScriptChecksTest, WhatOthersCanChangeIsNotRunAndFails) {
  Script("etc/required.d/10-db", "touch " + (folder_ / "ran").string(), 0775);
  const Finding finding = RunOnly();
  EXPECT_FALSE(finding.passed);
  EXPECT_THAT(finding.output, HasSubstr("can be changed by others than root: chmod go-w it"));
  EXPECT_FALSE(std::filesystem::exists(folder_ / "ran"));
}

TEST_F(ScriptChecksTest, OneThatForgotItsExecuteBitFails) {
  Script("etc/required.d/10-db", "exit 0", 0644);
  EXPECT_THAT(RunOnly().output, HasSubstr("is not executable: chmod +x it"));
}

TEST_F(ScriptChecksTest, NothingOfTheAgentIsHandedOn) {
  ::setenv("SECRET_OF_THE_AGENT", "hunter2", 1);
  Script("etc/wanted.d/10-env", "env | grep -c SECRET");
  EXPECT_EQ(RunOnly().output, "exited with 1: \"0\"");
  ::unsetenv("SECRET_OF_THE_AGENT");
}

TEST_F(ScriptChecksTest, AFolderThatCannotBeReadFails) {
  std::filesystem::create_directory(folder_ / "etc");
  std::ofstream(folder_ / "etc/required.d") << "a file";
  const Finding finding = RunOnly();
  EXPECT_FALSE(finding.passed);
  EXPECT_THAT(finding.output, HasSubstr("required.d: Not a directory"));
}

}  // namespace
}  // namespace matic::health
