// What machines are told to update to, where somebody has to look up first what that is.
#include <gmock/gmock.h>

#include "tests/unit/osctl/fleet/run/run_engine_fixture.h"

namespace matic::fleet {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr const char* kChannel = "https://user:word@cdn/stable.json?token=1";
const std::string kNew(64, '2');
const std::string kEvil(64, '6');

class PinningTest : public RunEngineTest {
 protected:
  void Follow(const Target& target) { inventory_.groups[0].target = target; }

  void SetPlan(const std::string& machine, const v1::PlanUpdateResponse& plan) {
    machines_.With(machine, [&](FakeMachine& fake) { fake.plan = plan; });
  }

  std::vector<std::string> Run3() {
    for (const auto& machine : Run().machines) reasons_.push_back(machine.reason);
    std::vector<std::string> running;
    for (const char* name : {"web-1", "web-2", "web-3"}) {
      const FakeMachine machine = machines_.Get(name);
      running.push_back(machine.digests.at(machine.running));
    }
    return running;
  }

  // Of its own channel, and of one that it is told: which of the words are there.
  std::string WhyNotPlanned(const v1::PlanUpdateResponse& plan) {
    for (const char* name : {"web-1", "web-2", "web-3"}) SetPlan(name, plan);
    std::string found;
    for (const Target& target : {Target(), Target(ChannelTarget{kChannel})}) {
      Follow(target);
      const auto facts = Gather();
      const std::string why = facts ? facts->at("web-1").no_target : facts.error().message;
      EXPECT_THAT(why, HasSubstr(facts ? "fleet.yaml names no target" : "machine 'web-1'"));
      for (const char* words :
           {"HTTP 404", "does not say whether the source is good", "names no image"}) {
        if (why.find(words) != std::string::npos) found = words;
      }
    }
    return found;
  }

  Result<FleetFacts> Gather() {
    std::vector<const Machine*> all;
    for (const Machine& machine : inventory_.machines) all.push_back(&machine);
    return GatherFacts(inventory_, all, machines_, processes_, clock_);
  }

  std::vector<std::string> reasons_;
};

v1::PlanUpdateResponse Unread() {
  v1::PlanUpdateResponse failed;
  v1::PlanCheck& source = *failed.add_checks();
  source.set_name("source");
  source.set_output("cdn/stable.json: HTTP 404");
  return failed;
}

TEST_F(PinningTest, WhoCannotReadItsOwnChannelIsLeftOutAlone) {
  Follow({});
  inventory_.groups[0].max_failures = {1, false};
  SetPlan("web-2", Unread());
  const RunRecord run = Planned();
  ASSERT_EQ(run.plan.left_out.size(), 1u);
  EXPECT_EQ(run.plan.left_out[0].reason, LeftOutReason::kNoTarget);
  EXPECT_THAT(run.plan.left_out[0].detail, HasSubstr("HTTP 404"));
  ASSERT_TRUE(OpenJournal()->Begin(run));
  const Result<RunState> state = Carry(run);
  ASSERT_TRUE(state);
  EXPECT_THAT(Phases(*state), ElementsAre("updated", "updated"));
}

TEST_F(PinningTest, ItCountsAsAFailureOfItsGroup) {
  Follow({});
  SetPlan("web-2", Unread());
  const RunState state = Run();
  EXPECT_THAT(Phases(state), ElementsAre("not-reached", "not-reached"));
  EXPECT_THAT(state.stop_reason, HasSubstr("(web-2 no target)"));
}

TEST_F(PinningTest, AMachineOfNoGroupIsNotAskedForAChannel) {
  Follow({});
  inventory_.groups[0].machines = {"web-1", "web-3"};
  SetPlan("web-2", Unread());
  const RunRecord run = Planned();
  ASSERT_EQ(run.plan.left_out.size(), 1u);
  EXPECT_EQ(run.plan.left_out[0].reason, LeftOutReason::kNoGroup);
  EXPECT_EQ(run.plan.machines.size(), 2u);
}

TEST_F(PinningTest, WhatOneCannotReadOfAChannelOfAllAnotherDoes) {
  Follow(ChannelTarget{kChannel});
  SetPlan("web-1", Unread());
  const auto facts = Gather();
  ASSERT_TRUE(facts);
  EXPECT_EQ(facts->at("web-1").target.digest, kNew);
}

TEST_F(PinningTest, EachMachineVerifiesTheChannelItself) {
  Follow(ChannelTarget{kChannel});
  EXPECT_THAT(Run3(), ElementsAre(kNew, kNew, kNew));
  for (const char* name : {"web-1", "web-2", "web-3"}) {
    const v1::Schedule asked = machines_.Get(name).schedule;
    EXPECT_EQ(asked.source(), kChannel) << "as the inventory has it, and not what a machine shows";
    EXPECT_EQ(asked.sha256(), kNew);
  }
}

TEST_F(PinningTest, ASignedManifestLikewise) {
  Follow(ImageTarget{"https://cdn/os-2.0.manifest.json", ""});
  EXPECT_THAT(Run3(), ElementsAre(kNew, kNew, kNew));
  EXPECT_EQ(machines_.Get("web-2").schedule.source(), "https://cdn/os-2.0.manifest.json");
}

TEST_F(PinningTest, AMachineThatLiesChoosesNothing) {
  Follow(ChannelTarget{kChannel});
  machines_.With("web-1", [](FakeMachine& liar) {
    liar.named = kEvil;
    liar.plan = FakeMachine::PlanOf(kEvil);
  });
  EXPECT_THAT(Run3(), ElementsAre(kEvil, "old", "old"));
  EXPECT_EQ(reasons_.at(1), kEvil + " was asked for");
}

TEST_F(PinningTest, AChannelThatMovesOnIsNotFollowed) {
  Follow(ChannelTarget{kChannel});
  const RunRecord run = Planned();
  ASSERT_TRUE(OpenJournal()->Begin(run));
  machines_.With("web-2", [](FakeMachine& machine) { machine.named = std::string(64, '3'); });
  const Result<RunState> state = Carry(run);
  ASSERT_TRUE(state);
  EXPECT_THAT(Phases(*state), ElementsAre("updated", "failed", "not-reached"));
  EXPECT_EQ(state->machines[1].reason, kNew + " was asked for");
}

TEST_F(PinningTest, AnOwnChannelIsPinnedByItsOwnMachine) {
  Follow({});
  const std::string third(64, '3');
  machines_.With("web-2", [&](FakeMachine& machine) {
    machine.named = third;
    machine.plan = FakeMachine::PlanOf(third);
  });
  EXPECT_THAT(Run3(), ElementsAre(kNew, third, kNew));
  EXPECT_EQ(machines_.Get("web-2").schedule.source(), "");
  EXPECT_EQ(machines_.Get("web-2").schedule.sha256(), third);
}

TEST_F(PinningTest, APlanThatFailedPinsNothing) {
  EXPECT_EQ(WhyNotPlanned(Unread()), "HTTP 404");
  EXPECT_EQ(WhyNotPlanned({}), "does not say whether the source is good");

  for (const std::string& digest : {std::string(), std::string("22"), std::string(64, 'X')}) {
    EXPECT_EQ(WhyNotPlanned(FakeMachine::PlanOf(digest)), "names no image");
  }
  v1::PlanUpdateResponse nameless = FakeMachine::PlanOf(kNew);
  nameless.clear_source();
  EXPECT_EQ(WhyNotPlanned(nameless), "names no image");
}

// As runs were pinned before plans were looked at closely.
TEST_F(PinningTest, AnImageThatNothingNamesIsNotTheOwnChannel) {
  RunRecord run = Planned();
  for (PlannedMachine& machine : run.plan.machines) machine.target = {.target = ImageTarget{}};
  ASSERT_TRUE(OpenJournal()->Begin(run));
  const Result<RunState> state = Carry(run);
  ASSERT_TRUE(state);
  EXPECT_THAT(Phases(*state), ElementsAre("failed", "not-reached", "not-reached"));
  EXPECT_THAT(state->machines[0].reason, HasSubstr("is an image without its URL"));
  EXPECT_EQ(machines_.Get("web-1").staged, 0);
}

}  // namespace
}  // namespace matic::fleet
