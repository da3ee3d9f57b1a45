#include "agent/nixos/host_view.h"

#include <gmock/gmock.h>

#include <fstream>

#include "tests/unit/lib/os/temporary_folder.h"

namespace matic::nixos {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;

// Generations 1 to 3 of three systems; the third runs, and is the default.
class HostViewTest : public testing::Test {
 protected:
  HostViewTest() {
    view_.boot_id = "now";
    for (const uint64_t number : {1, 2, 3}) {
      view_.generations.push_back(
          {.number = number, .system = MakeSystem(number), .present = true});
    }
    view_.generations.back().current = true;
    view_.current = view_.booted = Path(3);
    view_.next_default = Path(3);
  }
  fs::path Path(uint64_t number) const {
    return folder_ / ("hash-nixos-system-web-24.0" + std::to_string(number));
  }
  fs::path MakeSystem(uint64_t number) {
    fs::create_directories(Path(number));
    std::ofstream(Path(number) / "nixos-version") << "24.0" << number;
    return Path(number);
  }
  void Try(uint64_t number, bool told) {
    view_.state.trial = TrialNote{.system = Path(number),
                                  .previous = Path(3),
                                  .mode = ActivationMode::kBoot,
                                  .start_once = StartOnce::kOneShot,
                                  .boot_id = "now",
                                  .told = told};
  }
  update::Target TargetOf(uint64_t number) const {
    const update::Facts facts = FactsOf(view_);
    const update::Target* target = facts.Find(Path(number).filename());
    return target == nullptr ? update::Target{} : *target;
  }
  std::vector<std::string> Names() const {
    std::vector<std::string> names;
    for (const update::Target& target : FactsOf(view_).targets) names.push_back(target.device);
    return names;
  }

  const TemporaryFolder folder_;
  HostView view_;
};

TEST_F(HostViewTest, EverySystemIsNamedOnceTheNewestGenerationFirst) {
  view_.generations.push_back({.number = 4, .system = Path(2), .present = true});
  EXPECT_THAT(Names(), ElementsAre(Path(2), Path(3), Path(1)));
  EXPECT_EQ(TargetOf(2).generation, 4u);
  const update::Target running = TargetOf(3);
  EXPECT_TRUE(running.running && running.next && running.Confirmed());
  EXPECT_EQ(running.version, "24.03");
  EXPECT_EQ(running.digest, running.device);
}

TEST_F(HostViewTest, WhatRunsNeedNotBeAGeneration) {
  view_.current = MakeSystem(7);
  EXPECT_TRUE(TargetOf(7).running);
  EXPECT_EQ(TargetOf(7).generation, 0u);
  EXPECT_EQ(FactsOf(view_).WayBack()->device, Path(3));
}

TEST_F(HostViewTest, TheWayBackIsTheGenerationBefore) {
  EXPECT_EQ(FactsOf(view_).WayBack()->device, Path(2));
  view_.golden = Path(1);
  EXPECT_EQ(FactsOf(view_).WayBack()->device, Path(2));
  EXPECT_EQ(FactsOf(view_).Golden()->device, Path(1));
  // What was collected is no way back.
  fs::remove_all(Path(2));
  view_.generations[1].present = false;
  EXPECT_EQ(FactsOf(view_).WayBack()->device, Path(1));
}

TEST_F(HostViewTest, TheConfirmedSystemIsTheWayBackOfAnother) {
  view_.state.confirmed = ConfirmedSystem{.system = Path(1), .time = {}, .boot_id = "before"};
  EXPECT_EQ(FactsOf(view_).WayBack()->device, Path(1));
}

TEST_F(HostViewTest, OneOnTrialIsNotConfirmed) {
  Try(2, /*told=*/true);
  view_.next_once = Path(2);
  EXPECT_FALSE(TargetOf(2).successful);
  EXPECT_TRUE(TargetOf(2).bootable);
  EXPECT_TRUE(TargetOf(2).next);
  EXPECT_EQ(TargetOf(2).tries, 1);
  EXPECT_FALSE(TargetOf(3).next);
}

TEST_F(HostViewTest, ItsStartIsUsedUpOnceTheBootLoaderWasTold) {
  Try(2, /*told=*/true);
  EXPECT_FALSE(TargetOf(2).bootable);
  Try(2, /*told=*/false);
  EXPECT_TRUE(TargetOf(2).bootable);
  Try(2, /*told=*/true);
  view_.current = Path(2);
  EXPECT_TRUE(TargetOf(2).bootable);
}

TEST_F(HostViewTest, WhatIsGoneFromTheStoreCannotBeStarted) {
  fs::remove_all(Path(1));
  view_.generations[0].present = false;
  EXPECT_FALSE(TargetOf(1).bootable);
  EXPECT_FALSE(TargetOf(1).Confirmed());
}

}  // namespace
}  // namespace matic::nixos
