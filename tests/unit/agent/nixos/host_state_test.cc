#include "agent/nixos/host_state.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "lib/os/durable_file.h"
#include "tests/unit/lib/os/temporary_folder.h"

namespace matic::nixos {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using testing::AllOf;
using testing::HasSubstr;

WallTime At(const char* text) { return ParseTime(text).value(); }

HostState MakeState() {
  return {.confirmed = ConfirmedSystem{.system = "/nix/store/a-nixos-system-web-24.05",
                                       .time = At("2026-01-27T01:00:00Z"),
                                       .boot_id = "0c8f"},
          .golden = GoldenSystem{.system = "/nix/store/b-nixos-system-web-23.11",
                                 .since = At("2026-01-02T03:04:05Z")},
          .trial = TrialNote{.system = "/nix/store/c-nixos-system-web-24.11",
                             .previous = "/nix/store/a-nixos-system-web-24.05",
                             .mode = ActivationMode::kBoot,
                             .start_once = StartOnce::kGrubReboot,
                             .time = At("2026-01-28T02:00:00Z"),
                             .boot_id = "77aa",
                             .told = true}};
}

class HostStateTest : public testing::Test {
 protected:
  HostStateStore::Loaded Load() const { return HostStateStore(file_).Load().value(); }
  void Save(const HostState& state) const {
    const Result<> saved = HostStateStore(file_).Save(state);
    ASSERT_TRUE(saved) << saved.error().message;
  }
  void Write(const json& document) const { ASSERT_TRUE(WriteFileDurably(file_, document.dump())); }
  json Read(const fs::path& file) const { return json::parse(ReadFile(file, 1 << 20).value()); }

  const TemporaryFolder folder_;
  const fs::path file_ = folder_ / "nixos.json";
  const fs::path aside_ = folder_ / "nixos.json.bad-1";
};

TEST_F(HostStateTest, WithoutAFileNothingIsKnown) {
  EXPECT_EQ(Load().state, HostState());
  EXPECT_EQ(Load().problem, "");
}

TEST_F(HostStateTest, AFileOfBracketsIsSetAside) {
  ASSERT_TRUE(WriteFileDurably(
      file_, "{\"x\":" + std::string(30'000, '[') + std::string(30'000, ']') + "}"));
  EXPECT_THAT(Load().problem, HasSubstr("nested too deeply"));
  Save(MakeState());
  EXPECT_EQ(Load().state, MakeState());
}

TEST_F(HostStateTest, UnknownKeysGoBeforeTheFileGrowsTooLargeToBeRead) {
  Save(MakeState());
  json document = Read(file_);
  document["of_a_newer_agent"] = std::vector<json>(4000, json::array({1}));
  Write(document);
  HostStateStore store(file_);
  ASSERT_EQ(store.Load().value().problem, "");
  ASSERT_TRUE(store.Save(MakeState()));
  EXPECT_EQ(Load().problem, "");
  EXPECT_EQ(Load().state, MakeState());
}

TEST_F(HostStateTest, WhatIsSavedIsLoaded) {
  Save(MakeState());
  EXPECT_EQ(Load().state, MakeState());
  EXPECT_EQ(Load().problem, "");
  HostState later = MakeState();
  later.trial.reset();
  later.golden->system = "/nix/store/c-nixos-system-web-24.11";
  Save(later);
  EXPECT_EQ(Load().state, later);
}

TEST_F(HostStateTest, EveryWayToStartOnceIsKept) {
  for (const StartOnce way :
       {StartOnce::kNot, StartOnce::kOneShot, StartOnce::kBootCounts, StartOnce::kGrubReboot}) {
    HostState state = MakeState();
    state.trial->start_once = way;
    Save(state);
    EXPECT_EQ(Load().state, state);
  }
}

TEST_F(HostStateTest, KeysOfANewerAgentStayWithWhatTheyTellOf) {
  Save(MakeState());
  json document = Read(file_);
  document["fleet"] = "green";
  document["golden"]["by"] = "alice";
  document["confirmed"]["score"] = 7;
  Write(document);

  HostStateStore store(file_);
  HostState state = store.Load().value().state;
  state.confirmed->system = "/nix/store/c-nixos-system-web-24.11";
  ASSERT_TRUE(store.Save(state));
  EXPECT_EQ(Read(file_)["fleet"], "green");
  EXPECT_EQ(Read(file_)["golden"]["by"], "alice");
  EXPECT_FALSE(Read(file_)["confirmed"].contains("score"));
}

TEST_F(HostStateTest, AFileOfAnythingElseIsSetAside) {
  for (const std::string& content :
       {std::string("{\"confirmed\": {"), std::string("[]"), std::string(100'000, ' ')}) {
    fs::remove(aside_);
    ASSERT_TRUE(WriteFileDurably(file_, content));
    const HostStateStore::Loaded loaded = Load();
    EXPECT_EQ(loaded.state, HostState());
    EXPECT_THAT(loaded.problem, HasSubstr("was set aside as " + aside_.string()));
    EXPECT_EQ(ReadFile(aside_, 1 << 20).value(), content);
    EXPECT_FALSE(fs::exists(file_));
  }
}

TEST_F(HostStateTest, WhatCanBeUnderstoodOfItIsKept) {
  Save(MakeState());
  json document = Read(file_);
  document["confirmed"]["path"] = "nix/store/relative";
  document["trial"]["mode"] = "kexec";
  Write(document);

  HostState golden;
  golden.golden = MakeState().golden;
  const HostStateStore::Loaded loaded = Load();
  EXPECT_EQ(loaded.state, golden);
  EXPECT_THAT(loaded.problem,
              AllOf(HasSubstr("confirmed: path is no absolute path"),
                    HasSubstr("trial: mode is \"kexec\", which this release does not know")));
  EXPECT_EQ(Read(aside_), document);
  EXPECT_EQ(Load().state, golden);
  EXPECT_EQ(Load().problem, "");
}

TEST_F(HostStateTest, WhatItWouldNotUnderstandIsNotSaved) {
  Save(MakeState());
  HostState state = MakeState();
  state.trial->previous = "system-12-link";
  EXPECT_EQ(HostStateStore(file_).Save(state).error().code, ErrorCode::kInvalidArgument);
  state = MakeState();
  state.confirmed->boot_id = std::string(65, 'a');
  EXPECT_EQ(HostStateStore(file_).Save(state).error().code, ErrorCode::kInvalidArgument);
  state = MakeState();
  state.golden->system = "/nix/store/" + std::string(2000, 'a');
  EXPECT_EQ(HostStateStore(file_).Save(state).error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(Load().state, MakeState());
}

TEST_F(HostStateTest, WhatCannotBeReadIsAnErrorAndStays) {
  fs::create_directory(file_);
  const auto loaded = HostStateStore(file_).Load();
  ASSERT_FALSE(loaded);
  EXPECT_TRUE(fs::is_directory(file_));
}

}  // namespace
}  // namespace matic::nixos
