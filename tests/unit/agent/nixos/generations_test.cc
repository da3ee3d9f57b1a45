#include "agent/nixos/generations.h"

#include <gmock/gmock.h>

#include <map>

#include "agent/nixos/store_path.h"
#include "tests/unit/agent/nixos/nix_host.h"

namespace matic::nixos {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

std::vector<Generation> Generations(uint64_t newest) {
  std::vector<Generation> generations;
  for (uint64_t number = 1; number <= newest; ++number) {
    generations.push_back({.number = number,
                           .system = "/nix/store/" + std::to_string(number),
                           .current = number == newest,
                           .present = true});
  }
  return generations;
}

TEST(GenerationsToPruneTest, TheNewestStay) {
  EXPECT_THAT(GenerationsToPrune(Generations(12), {}, 11), ElementsAre(1u));
  EXPECT_THAT(GenerationsToPrune(Generations(12), {}, 20), IsEmpty());
  EXPECT_THAT(GenerationsToPrune({}, {}, 10), IsEmpty());
}

TEST(GenerationsToPruneTest, NoSettingKeepsFewerThanTen) {
  EXPECT_THAT(GenerationsToPrune(Generations(12), {}, 0), ElementsAre(1u, 2u));
}

TEST(GenerationsToPruneTest, WhatIsInUseStaysWhateverItsAge) {
  EXPECT_THAT(GenerationsToPrune(Generations(15), {"/nix/store/2", "/nix/store/4"}, 10),
              ElementsAre(1u, 3u, 5u));
  std::vector<Generation> generations = Generations(13);
  generations[12].current = false;
  generations[0].current = true;
  EXPECT_THAT(GenerationsToPrune(generations, {}, 10), ElementsAre(2u, 3u));
}

TEST(GenerationsToPruneTest, WhatLostItsSystemIsNotCounted) {
  std::vector<Generation> generations = Generations(13);
  generations[0].present = false;
  generations[11].present = false;
  EXPECT_THAT(GenerationsToPrune(generations, {}, 10), ElementsAre(1u, 2u));
}

class GenerationsTest : public NixHost {
 protected:
  const fs::path& System(int number) {
    fs::path& system = systems_[number];
    if (system.empty()) system = MakeSystem(std::to_string(number));
    return system;
  }

  // Four that differ, and then two in turns.
  void MakeGenerations(int newest) {
    for (int number = 1; number <= newest; ++number) {
      const int system = number <= 4 ? number : 5 + number % 2;
      ASSERT_TRUE(Profile(programs_, paths_.profile).Set(System(system), {}));
    }
  }

  static void Link(const fs::path& link, const fs::path& target) {
    fs::remove(link);
    fs::create_symlink(target, link);
  }

  // Nothing but what this module keeps, and what the profiles name, survives this.
  void CollectGarbage() {
    for (const auto& [number, system] : systems_) {
      fs::remove(folder_ / ("system-" + std::to_string(number)));
    }
    Do({"nix-store", "--gc"});
  }

  std::vector<uint64_t> Numbers(const fs::path& profile) const {
    const Result<std::vector<Generation>> generations = Profile(programs_, profile).List();
    EXPECT_TRUE(generations) << (generations ? "" : generations.error().message);
    std::vector<uint64_t> numbers;
    for (const Generation& generation : generations.value_or(std::vector<Generation>())) {
      if (generation.present) numbers.push_back(generation.number);
    }
    return numbers;
  }

  const fs::path root_ = fs::canonical(folder_.path());
  const HostPaths paths_{.booted_system = root_ / "booted-system",
                         .current_system = root_ / "current-system",
                         .store = root_ / "nix/store",
                         .profile = root_ / "nix/var/profiles/system",
                         .system_profiles = root_ / "nix/var/profiles/system-profiles"};
  std::map<int, fs::path> systems_;
};

TEST_F(GenerationsTest, PruningLeavesWhatTheMachineMayNeed) {
  MakeGenerations(14);
  Link(paths_.booted_system, System(1));
  Link(paths_.current_system, System(2));
  ASSERT_TRUE(PinGolden(programs_, paths_, System(3), {}));
  HostState state;
  state.confirmed = ConfirmedSystem{.system = System(4)};
  const Result<std::vector<uint64_t>> none = PruneGenerations(programs_, paths_, state, 0, {});
  ASSERT_TRUE(none) << none.error().message;
  EXPECT_THAT(*none, IsEmpty());

  state.confirmed.reset();
  Link(paths_.current_system, System(5));
  const Result<std::vector<uint64_t>> gone = PruneGenerations(programs_, paths_, state, 0, {});
  ASSERT_TRUE(gone) << gone.error().message;
  EXPECT_THAT(*gone, ElementsAre(2u, 4u));
  EXPECT_THAT(Numbers(paths_.profile), ElementsAre(1, 3, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14));

  CollectGarbage();
  EXPECT_TRUE(fs::exists(System(1)));
  EXPECT_FALSE(fs::exists(System(2)));
}

TEST_F(GenerationsTest, AllThatAHostMayHaveToRunIsInUse) {
  Link(paths_.booted_system, System(1));
  Link(paths_.current_system, System(2));
  ASSERT_TRUE(PinGolden(programs_, paths_, System(3), {}));
  const HostState state{
      .confirmed = ConfirmedSystem{.system = System(4)},
      .golden = GoldenSystem{.system = System(5)},
      .trial = TrialNote{.system = System(6), .previous = System(7)},
  };
  EXPECT_THAT(SystemsInUse(programs_, paths_, state).value(),
              UnorderedElementsAre(System(1), System(2), System(3), System(4), System(5), System(6),
                                   System(7)));
}

TEST_F(GenerationsTest, WhereThePinIsDamagedNothingIsPruned) {
  MakeGenerations(12);
  fs::create_directories(GoldenProfile(paths_));
  const Result<std::vector<uint64_t>> gone = PruneGenerations(programs_, paths_, {}, 0, {});
  ASSERT_FALSE(gone);
  EXPECT_THAT(gone.error().message, HasSubstr("matic_golden"));
  EXPECT_EQ(Numbers(paths_.profile).size(), 12u);
}

TEST_F(GenerationsTest, OneGoldenSystemIsPinnedAndSurvivesTheGarbageCollector) {
  EXPECT_EQ(PinnedGolden(programs_, paths_).value(), std::nullopt);
  ASSERT_TRUE(PinGolden(programs_, paths_, System(1), {}));
  const Result<Generation> golden = PinGolden(programs_, paths_, System(2), {});
  ASSERT_TRUE(golden) << golden.error().message;
  EXPECT_EQ(golden->system, System(2));
  ASSERT_TRUE(PinGolden(programs_, paths_, System(2), {}));
  EXPECT_EQ(Numbers(GoldenProfile(paths_)).size(), 1u);
  EXPECT_EQ(fs::canonical(paths_.system_profiles / "matic_golden"), System(2));

  CollectGarbage();
  EXPECT_TRUE(fs::exists(System(2)));
  EXPECT_FALSE(fs::exists(System(1)));
  EXPECT_EQ(PinnedGolden(programs_, paths_).value()->system, System(2));
}

TEST_F(GenerationsTest, ASystemThatIsGoneReplacesNoGoldenOne) {
  ASSERT_TRUE(PinGolden(programs_, paths_, System(1), {}));
  const Result<Generation> gone = PinGolden(programs_, paths_, paths_.store / "gone", {});
  ASSERT_FALSE(gone);
  EXPECT_EQ(gone.error().code, ErrorCode::kNotFound);
  EXPECT_EQ(PinnedGolden(programs_, paths_).value()->system, System(1));
}

TEST_F(GenerationsTest, AConfirmedSystemWithoutAGenerationIsKeptByALink) {
  const fs::path link = root_ / "state/confirmed";
  ASSERT_TRUE(KeepInStore(programs_, System(1), link, {}));
  ASSERT_TRUE(KeepInStore(programs_, System(2), link, {}));
  CollectGarbage();
  EXPECT_TRUE(fs::exists(System(2)));
  EXPECT_FALSE(fs::exists(System(1)));
  EXPECT_EQ(fs::read_symlink(link), System(2));
}

}  // namespace
}  // namespace matic::nixos
