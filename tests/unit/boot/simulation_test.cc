#include "boot/sim/simulation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>

#include "tests/unit/boot/memory_machine.h"
#include "tests/unit/lib/os/temporary_folder.h"

namespace matic::boot {
namespace {

using fakes::DiskBytes;
using fakes::GptBuilder;

constexpr fakes::GptSlots kTrialOfB = {{1, 0, true}, {2, 3, false}};

class Simulation : public testing::Test {
 protected:
  std::string path() const { return folder_ + "/disk.img"; }
  void Save(const DiskBytes& disk) {
    std::ofstream(path(), std::ios::binary)
        .write(reinterpret_cast<const char*>(disk.data()),
               static_cast<std::streamsize>(disk.size()));
  }
  DiskBytes Saved() const {
    std::ifstream file(path(), std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  SimulatedStart Simulate(Consume consume) {
    const DiskAccess access =
        consume == Consume::kTry ? DiskAccess::kReadWrite : DiskAccess::kReadOnly;
    auto disk = DiskFile::Open(path(), access, std::nullopt);
    EXPECT_TRUE(disk) << disk.error().message;
    return SimulateStart(*disk, consume);
  }

  struct ProgramRun {
    int exit_code;
    std::string output;
  };
  ProgramRun RunProgram(const std::string& arguments) {
    FILE* pipe =
        popen((std::string(BOOTSIM_PROGRAM) + " " + arguments + " 2>/dev/null").c_str(), "r");
    ProgramRun run{-1, {}};
    char buffer[256];
    while (fgets(buffer, sizeof(buffer), pipe) != nullptr) run.output += buffer;
    run.exit_code = WEXITSTATUS(pclose(pipe));
    return run;
  }

  const TemporaryFolder temporary_;
  const std::string folder_ = temporary_.path().string();
};

TEST_F(Simulation, LooksWithoutWriting) {
  const GptBuilder builder = GptBuilder().AddStandard(kTrialOfB);
  Save(DiskWithImages(builder));
  const auto result = Simulate(Consume::kNothing);
  ASSERT_TRUE(result.started);
  EXPECT_EQ(result.started->slot, Slot::kB);
  EXPECT_EQ(result.started->attributes.tries, 2) << "what a start would leave";
  EXPECT_EQ(Saved(), DiskWithImages(builder));
}

TEST_F(Simulation, LooksPastARefusalWithoutWriting) {
  const GptBuilder builder = GptBuilder().AddStandard(kTrialOfB);
  DiskBytes disk = DiskWithImages(builder);
  fakes::PutAt(disk, builder.geometry(), builder.partition("slot-b"), std::vector<uint8_t>(4096));
  Save(disk);
  const auto result = Simulate(Consume::kNothing);
  ASSERT_TRUE(result.started);
  EXPECT_EQ(result.started->slot, Slot::kA);
  EXPECT_EQ(Saved(), disk);
}

TEST_F(Simulation, ConsumeDoesWhatAStartDoes) {
  const GptBuilder builder = GptBuilder().AddStandard(kTrialOfB);
  Save(DiskWithImages(builder));
  EXPECT_EQ(Simulate(Consume::kTry).started->slot, Slot::kB);
  EXPECT_EQ(fakes::SlotIn(Saved(), builder.geometry(), GptCopyKind::kPrimary, Slot::kB),
            (SlotAttributes{2, 2, false}));
}

TEST_F(Simulation, RestoresADamagedCopyOnlyWhenItConsumes) {
  const GptBuilder builder = GptBuilder().AddStandard({{1, 0, true}, {0, 0, false}});
  DiskBytes disk = DiskWithImages(builder);
  disk[512] ^= 1;
  Save(disk);
  EXPECT_TRUE(Simulate(Consume::kNothing).started);
  EXPECT_EQ(Saved(), disk);
  EXPECT_TRUE(Simulate(Consume::kTry).started);
  EXPECT_EQ(Saved(), DiskWithImages(builder));
}

TEST_F(Simulation, FindsThatADiskHasLargeSectors) {
  const GptBuilder builder = GptBuilder(4096).AddStandard(kTrialOfB);
  Save(DiskWithImages(builder));
  EXPECT_EQ(Simulate(Consume::kTry).started->slot, Slot::kB);
}

TEST_F(Simulation, AFileThatIsNoDiskIsAnError) {
  Save(DiskBytes(100));
  EXPECT_FALSE(DiskFile::Open(path(), DiskAccess::kReadOnly, std::nullopt));
  EXPECT_FALSE(DiskFile::Open(folder_, DiskAccess::kReadOnly, std::nullopt));
  EXPECT_EQ(DiskFile::Open(folder_ + "/none", DiskAccess::kReadOnly, std::nullopt).error().code,
            ErrorCode::kNotFound);
}

TEST_F(Simulation, TheProgramPrintsTheSlotAndItsExitCode) {
  Save(DiskWithImages(GptBuilder().AddStandard(kTrialOfB)));
  const ProgramRun text = RunProgram(path());
  EXPECT_EQ(text.exit_code, 0);
  EXPECT_EQ(text.output, "slot-b\n");
  const ProgramRun json = RunProgram(path() + " --output json");
  EXPECT_EQ(json.exit_code, 0);
  EXPECT_THAT(json.output, testing::HasSubstr(R"("slot":"slot-b")"));
  EXPECT_THAT(json.output, testing::HasSubstr(R"("tries":2)"));
  Save(DiskBytes(1 << 20));
  EXPECT_EQ(RunProgram(path()).exit_code, 1);
  EXPECT_EQ(RunProgram(path() + " --output json").output.find(R"({"lines")"), 0u);
  EXPECT_EQ(RunProgram(folder_ + "/none").exit_code, 1);
  EXPECT_EQ(RunProgram("").exit_code, 2);
  EXPECT_EQ(RunProgram(path() + " --no-such-option").exit_code, 2);
}

}  // namespace
}  // namespace matic::boot
