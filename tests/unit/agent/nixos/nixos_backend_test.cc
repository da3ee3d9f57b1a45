#include "agent/nixos/nixos_backend.h"

#include <gmock/gmock.h>

#include "agent/nixos/borrowed_lock.h"
#include "tests/unit/agent/nixos/backend_host.h"

namespace matic::nixos {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;
using update::Mode;

class NixosBackendTest : public BackendHost {
 protected:
  // What runs is what is started, by profile and boot loader, and nothing is on trial.
  void ExpectSettled(const fs::path& system) {
    EXPECT_EQ(Link("run/current-system"), system);
    EXPECT_EQ(InProfile(), system);
    EXPECT_EQ(DefaultEntry(), system);
    EXPECT_EQ(StartedOnce(), std::nullopt);
    EXPECT_EQ(State().trial, std::nullopt);
    EXPECT_TRUE(TargetOf(system).Confirmed());
  }
  std::vector<std::string> Repaired() {
    const auto mended = backend_->Repair();
    EXPECT_TRUE(mended) << (mended ? "" : mended.error().message);
    return mended.value_or(std::vector<std::string>());
  }
};

TEST_F(NixosBackendTest, ALiveUpdateChangesWhatIsStartedOnceItIsConfirmed) {
  const fs::path second = Activate("2", Mode::kSwitch);
  EXPECT_EQ(Link("run/current-system"), second);
  EXPECT_EQ(InProfile(), first_);
  EXPECT_EQ(DefaultEntry(), first_);
  EXPECT_FALSE(TargetOf(second).Confirmed());
  EXPECT_TRUE(TargetOf(first_).Confirmed());

  ASSERT_TRUE(backend_->Confirm());
  ExpectSettled(second);
  EXPECT_EQ(State().confirmed->system, second);
  // Done twice is done once.
  ASSERT_TRUE(backend_->Confirm());
  ExpectSettled(second);
}

TEST_F(NixosBackendTest, ALiveUpdateIsLeftByAnotherSwitch) {
  Activate("2", Mode::kSwitch);
  const Result<std::string> runs = backend_->Revert(first_.filename(), {});
  ASSERT_TRUE(runs) << runs.error().message;
  EXPECT_EQ(*runs, first_.filename());
  ExpectSettled(first_);
  EXPECT_THAT(Generations(), ElementsAre(1));
}

TEST_F(NixosBackendTest, OneByARebootIsStartedOnce) {
  const fs::path second = Activate("2", Mode::kBoot);
  EXPECT_EQ(Link("run/current-system"), first_);
  EXPECT_EQ(DefaultEntry(), first_);
  EXPECT_EQ(StartedOnce(), second);
  EXPECT_TRUE(State().trial->told);
  EXPECT_TRUE(TargetOf(second).next);

  Reboot(second);
  EXPECT_FALSE(TargetOf(second).Confirmed());
  EXPECT_TRUE(TargetOf(second).bootable);
  EXPECT_THAT(Repaired(), ElementsAre());
  ASSERT_TRUE(backend_->Confirm());
  ExpectSettled(second);
}

TEST_F(NixosBackendTest, OneThatDidNotComeUpIsNeitherInTheProfileNorStarted) {
  const fs::path second = Activate("2", Mode::kBoot);
  Reboot(first_);
  EXPECT_FALSE(TargetOf(second).bootable);
  EXPECT_THAT(Repaired(),
              ElementsAre(HasSubstr(second.filename().string() + ", which did not come up")));
  EXPECT_EQ(InProfile(), first_);
  EXPECT_EQ(DefaultEntry(), first_);
  EXPECT_THAT(Repaired(), ElementsAre());

  ASSERT_TRUE(backend_->Discard(second.filename()));
  ExpectSettled(first_);
  EXPECT_THAT(Generations(), ElementsAre(1));
  EXPECT_THAT(Entries(), ElementsAre("nixos-generation-1.conf"));
}

TEST_F(NixosBackendTest, OneThatFailsItsTrialIsLeftByAReboot) {
  const fs::path second = Activate("2", Mode::kBoot);
  Reboot(second);
  const Result<std::string> runs = backend_->Revert(first_.filename(), {});
  ASSERT_TRUE(runs) << runs.error().message;
  EXPECT_EQ(*runs, "");
  EXPECT_EQ(DefaultEntry(), first_);
  Reboot(first_);
  ASSERT_TRUE(backend_->Discard(second.filename()));
  ExpectSettled(first_);
}

TEST_F(NixosBackendTest, WhatIsDiscardedBeforeItsStartLeavesNothing) {
  const fs::path second = Activate("2", Mode::kBoot);
  ASSERT_TRUE(backend_->Discard(second.filename()));
  ExpectSettled(first_);
  EXPECT_THAT(Entries(), ElementsAre("nixos-generation-1.conf"));
  // What runs is never discarded.
  Activate("3", Mode::kSwitch);
  EXPECT_EQ(backend_->Discard(Link("run/current-system").filename()).error().code,
            ErrorCode::kRefused);
}

TEST_F(NixosBackendTest, ATryThatIsGivenBackIsAnotherStart) {
  const fs::path second = Activate("2", Mode::kBoot);
  Reboot(second);
  EXPECT_EQ(StartedOnce(), std::nullopt);
  ASSERT_TRUE(backend_->GiveTryBack());
  EXPECT_EQ(StartedOnce(), second);
}

TEST_F(NixosBackendTest, ABootLoaderThatCannotStartOnceIsRefusedUnlessThatIsWanted) {
  fs::remove_all(root_ / "sys/firmware/efi/efivars");
  const fs::path second = Build("2");
  const update::StagedImage staged = Stage(second, Mode::kBoot);
  const Result<> refused = backend_->Activate(staged, {});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kRefused);
  EXPECT_THAT(refused.error().message, HasSubstr("nixos.start_without_trial"));
  EXPECT_EQ(InProfile(), first_);

  options_.settings.start_without_trial = true;
  backend_->Configure(options_.settings);
  ASSERT_TRUE(backend_->Activate(staged, {}));
  EXPECT_EQ(DefaultEntry(), second);
}

TEST_F(NixosBackendTest, TheBootMenuHasTheGenerationsThatStay) {
  for (int version = 2; version <= 12; ++version) {
    Do({"nix-env", "--profile", options_.paths().profile, "--set", Build(std::to_string(version))});
  }
  Update("13", Mode::kSwitch);
  // The ten newest, and what was booted.
  EXPECT_THAT(Generations(), ElementsAre(1, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13));
  EXPECT_EQ(Entries().size(), Generations().size());
}

TEST_F(NixosBackendTest, WithoutItsNotesWhatRunsCountsAsConfirmed) {
  const fs::path second = Update("2", Mode::kSwitch);
  fs::remove(folder_ / "state/nixos.json");
  RestartAgent();
  ExpectSettled(second);
  EXPECT_EQ(backend_->ConfirmedRunning().value().has_value(), false);
}

TEST_F(NixosBackendTest, InputsThatWereMovedForAnUpdateThatWasCutOffAreMovedBack) {
  const fs::path lock = root_ / "etc/nixos/flake.lock";
  const std::string before = Do({"cat", lock});
  ASSERT_TRUE(BorrowedLock(options_, processes_).Borrow(root_ / "etc/nixos"));
  Do({"sh", "-c", "echo moved > flake.lock"});
  EXPECT_THAT(Repaired(), ElementsAre(HasSubstr("its lock file is what was committed again")));
  EXPECT_EQ(Do({"cat", lock}), before);
  EXPECT_THAT(Repaired(), ElementsAre());
}

TEST_F(NixosBackendTest, ASystemThatIsCollectedBeforeItsTurnIsNotActivated) {
  for (const Mode mode : {Mode::kSwitch, Mode::kBoot}) {
    const fs::path second = Build("2");
    const update::StagedImage staged = Stage(second, mode);
    Do({"nix-store", "--delete", "--ignore-liveness", second});
    const Result<> refused = backend_->Activate(staged, {});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::kRefused);
    EXPECT_EQ(refused.error().message,
              second.string() + " is not in the store any more: a garbage collection took it");
    ExpectSettled(first_);
  }
}

TEST_F(NixosBackendTest, ASystemThatIsGoneIsNotStaged) {
  const fs::path gone = root_ / "nix/store/0c3xsl5mhwrx7ig0z2n38aqwqgxbnvqd-nixos-system-lab-9";
  const auto staged = backend_->Stage({.source = gone, .sha256 = ""}, [](const auto&) {}, {});
  ASSERT_FALSE(staged);
  EXPECT_EQ(staged.error().code, ErrorCode::kNotFound);
  ExpectSettled(first_);
}

}  // namespace
}  // namespace matic::nixos
