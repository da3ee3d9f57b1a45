// That the sweep sees what it is there to see: faults that are planted into a recording, one by
// one. The sweep itself is the program crash-sweep.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <fstream>

#include "boot/sim/simulation.h"
#include "tests/crash/replay.h"
#include "tests/crash/sweep.h"
#include "tests/crash/tries.h"

namespace matic::crash {
namespace {

namespace fs = std::filesystem;

fs::path Scratch() {
  const fs::path memory = "/dev/shm";
  const fs::path base = fs::is_directory(memory) ? memory : fs::path(testing::TempDir());
  return base / ("crash-test-" + std::to_string(::getpid()));
}

SweepOptions FirstOrder() {
  SweepOptions options;
  options.payload_every = 16;
  return options;
}

class CrashTest : public testing::Test {
 protected:
  CrashTest() { spdlog::set_level(spdlog::level::off); }
  const Story& update_ = *FindStory("update");
};

struct Planted {
  Fault fault;
  std::string noticed_as;  // docs/power-loss.md, "How it is tested"
  std::string story = "update";
};

class PlantedFault : public CrashTest, public testing::WithParamInterface<Planted> {};

INSTANTIATE_TEST_SUITE_P(
    All, PlantedFault,
    testing::Values(
        Planted{Fault::kNoFileSync, "update-schedule.json cannot be read"},
        Planted{Fault::kNoStateSync, "rollback_state.json cannot be read"},
        Planted{Fault::kNoTrustSync, "trust/state.json cannot be read", "signed-updates"},
        Planted{Fault::kNoFolderSync, "staging was begun before it was durably noted"},
        Planted{Fault::kNoTableFlush, "the selector finds no bootable slot"},
        Planted{Fault::kNoFlushBeforeTable, "the selector finds no bootable slot", "no-flush"},
        Planted{Fault::kNoSelectorFlush, "was started, and has its try again"},
        Planted{Fault::kNoFlushBeforeSelector, "the selector finds no bootable slot",
                "firmware-mends"},
        Planted{Fault::kNoPayloadFlush, "has its first block, and not all that follows"},
        Planted{Fault::kNoFirstBlockFlush, "is said to be staged, and is not"},
        Planted{Fault::kFirstBlockFirst, "has its first block, and not all that follows"},
        Planted{Fault::kActivatedTooEarly, "is bootable, and is not what was verified"},
        Planted{Fault::kStateAfterTheTable, "staging was begun before it was durably noted"},
        Planted{Fault::kRootAfterItsState, "was adopted, and is not there", "signed-updates"},
        Planted{Fault::kFloorTooEarly, "are shut out, and no other one is confirmed",
                "signed-updates"},
        Planted{Fault::kFloorAfterTheEnd, "is said to be confirmed, and older ones are taken",
                "signed-updates"}),
    [](const auto& test) {
      std::string name = FaultName(test.param.fault);
      std::erase(name, '-');
      return name;
    });

TEST_P(PlantedFault, IsCaught) {
  SweepOptions options = FirstOrder();
  options.fault = GetParam().fault;
  options.stop_at_failure = true;
  const Result<SweepResult> result = Sweep(*FindStory(GetParam().story), options, Scratch());
  ASSERT_TRUE(result) << result.error().message;
  ASSERT_FALSE(result->failures.empty()) << "nothing was noticed";
  EXPECT_THAT(result->failures.front().what, testing::HasSubstr(GetParam().noticed_as))
      << "after operation " << result->failures.front().where;
}

TEST_F(CrashTest, WithoutAFaultAllHolds) {
  const Result<SweepResult> result = Sweep(update_, FirstOrder(), Scratch());
  ASSERT_TRUE(result) << result.error().message;
  for (const Failure& failure : result->failures) ADD_FAILURE() << failure.where << failure.what;
  EXPECT_GT(result->states.size(), 100u);
}

TEST_F(CrashTest, TheSameSeedMeetsTheSameStates) {
  SweepOptions options = FirstOrder();
  options.wanted_states = 200;
  const Result<SweepResult> one = Sweep(update_, options, Scratch());
  const Result<SweepResult> other = Sweep(update_, options, Scratch());
  ASSERT_TRUE(one && other);
  EXPECT_GE(one->states.size(), 200u);
  EXPECT_EQ(one->states, other->states);
}

TEST_F(CrashTest, AStateThatWasKeptIsMetAgain) {
  SweepOptions options = FirstOrder();
  options.fault = Fault::kNoFileSync;
  options.stop_at_failure = true;
  const Result<SweepResult> result = Sweep(update_, options, Scratch());
  ASSERT_TRUE(result && !result->failures.empty());
  const fs::path path = Scratch().string() + ".json";
  ASSERT_TRUE(SaveFailure(result->failures.front(), path));
  const Result<Failure> loaded = LoadFailure(path);
  fs::remove(path);
  ASSERT_TRUE(loaded) << loaded.error().message;
  EXPECT_EQ(loaded->medium, result->failures.front().medium);
  const Result<> replayed = Replay(*loaded, Scratch());
  ASSERT_FALSE(replayed);
  EXPECT_EQ(replayed.error().message, result->failures.front().what);
}

TEST_F(CrashTest, AStartOnTrialThatTakesNoTryIsNoticed) {
  const Factory on_trial = {512, {"1.0", {1, 0, true}}, {"2.0", {2, 3, false}}};
  const Result<FactoryDisk> factory = MakeDisk(on_trial, fs::path(testing::TempDir()));
  ASSERT_TRUE(factory) << factory.error().message;
  const fs::path path = fs::path(testing::TempDir()) / "tries.img";
  std::ofstream(path, std::ios::binary)
      .write(reinterpret_cast<const char*>(factory->content.data()),
             static_cast<std::streamsize>(factory->content.size()));
  auto disk = boot::DiskFile::Open(path, boot::DiskAccess::kReadWrite, 512);
  ASSERT_TRUE(disk) << disk.error().message;
  const Result<Tries> before = ReadTries(path, factory->layout);
  ASSERT_TRUE(boot::SimulateStart(*disk, boot::Consume::kTry).started);
  const Result<Tries> after = ReadTries(path, factory->layout);
  fs::remove(path);
  ASSERT_TRUE(before && after);
  EXPECT_TRUE(JudgeTries(*before, *after, boot::Slot::kB));
  EXPECT_FALSE(JudgeTries(*before, *before, boot::Slot::kB));
  // The selector wrote the primary only: the copies differ, and that excuses nothing.
  EXPECT_FALSE(JudgeTries(*after, *after, boot::Slot::kB));
}

TEST_F(CrashTest, AWritePastTheRecorderIsNoticed) {
  const Result<FactoryDisk> factory = MakeDisk(update_.factory, fs::path(testing::TempDir()));
  ASSERT_TRUE(factory) << factory.error().message;
  Machine machine(Scratch(), {}, factory->layout);
  machine.Insert({factory->content, {}}, 0);
  ASSERT_TRUE(machine.Run());
  EXPECT_TRUE(machine.Contents());
  // As a library would that calls the kernel itself.
  std::ofstream(machine.state_folder() / "stray") << "x";
  EXPECT_FALSE(machine.Contents());
}

}  // namespace
}  // namespace matic::crash
