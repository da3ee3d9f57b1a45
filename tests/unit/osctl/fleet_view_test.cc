#include "osctl/fleet_view.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace matic::osctl {
namespace {

using fleet::MachinePhase;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

// Thirty machines of one group: the first ten are updated, m-20 has failed, m-25 is at work.
class FleetViewTest : public testing::Test {
 protected:
  FleetViewTest() {
    fleet::PlannedGroup& group = run_.plan.groups.emplace_back();
    group.name = "web";
    group.waves.emplace_back();
    state_.groups.emplace_back();
    for (size_t i = 0; i < 30; ++i) {
      run_.plan.machines.push_back({.name = "m-" + std::to_string(i)});
      group.waves[0].machines.push_back(i);
      state_.machines.push_back(
          {.phase = i < 10 ? MachinePhase::kUpdated : MachinePhase::kWaiting});
    }
    state_.machines[20].phase = MachinePhase::kFailed;
    state_.machines[20].reason = std::string(100, 'x') + " and what came last";
    state_.machines[25].phase = MachinePhase::kStaging;
  }

  std::string Shown(size_t lines) const {
    return RunText(run_, state_, {}, WallTime{}, {.interactive = true}, lines);
  }

  fleet::RunRecord run_;
  fleet::RunState state_;
};

TEST_F(FleetViewTest, WhoIsAtWorkOrFailedIsShownFirst) {
  const std::string text = Shown(6);
  EXPECT_EQ(std::ranges::count(text, '\n'), 6);
  EXPECT_LT(text.find("m-25 "), text.find("m-20 "));
  EXPECT_LT(text.find("m-20 "), text.find("m-10 "));
  EXPECT_THAT(text, EndsWith("… and 26 more: 10 updated, 16 waiting\n"));
}

TEST_F(FleetViewTest, WhereAllFitTheyStandAsListed) {
  const std::string text = Shown(40);
  EXPECT_LT(text.find("m-10 "), text.find("m-20 "));
  EXPECT_THAT(text, Not(HasSubstr("more")));
}

TEST_F(FleetViewTest, AtTheEndReasonsAreToldInFull) {
  state_.machines[25].phase = MachinePhase::kRolledBack;
  for (fleet::MachineRun& machine : state_.machines) {
    if (machine.phase == MachinePhase::kWaiting) machine.phase = MachinePhase::kNotReached;
  }
  state_.stop = fleet::StopCause::kFailures;
  state_.stop_reason = "group 'web': failures: 1, of at most 0 (m-20)";
  EXPECT_EQ(EndText(run_, state_), "m-20: failed: " + std::string(100, 'x') +
                                       " and what came last\n"
                                       "m-25: rolled-back\n"
                                       "Stopped: group 'web': failures: 1, of at most 0 (m-20)\n");
}

TEST_F(FleetViewTest, WhereNoneCouldBeBegunThatIsNotNothingToDo) {
  state_.machines.clear();
  run_.plan.machines.clear();
  EXPECT_EQ(Summary(run_.plan, state_), "nothing to do");
  run_.plan.left_out = {{"m-1", "web", fleet::LeftOutReason::kUnreachable, "no route"}};
  EXPECT_EQ(Summary(run_.plan, state_), "none begun, 1 left out");
  EXPECT_THAT(EndText(run_, state_), StartsWith("m-1: cannot be reached: no route\n"));
}

}  // namespace
}  // namespace matic::osctl
