#include "tests/unit/osctl/fleet/planner/simulated_run.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace matic::fleet {
namespace {

using std::chrono::hours;

constexpr size_t kMostEvents = 5000;

// The windows and blackouts that random fleets have, by other means than the code under test.
bool IsOpen(const PlannedGroup& group, const Settings& settings, WallTime now) {
  const auto day = std::chrono::floor<std::chrono::days>(now);
  const auto time = now - day;
  const auto within = [time](int from, int to) { return time >= hours(from) && time < hours(to); };
  const bool window = group.windows.empty() || within(2, 5) || within(22, 23);
  const bool blackout =
      !settings.blackouts.empty() &&
      std::chrono::year_month_day(day) == std::chrono::year(2026) / std::chrono::March / 2;
  return window && !blackout;
}

bool TakesDown(Step step) { return step == Step::kActivate || step == Step::kReboot; }

}  // namespace

RunState Replayed(const Plan& plan, const std::vector<std::string>& journal) {
  RunState state;
  for (const std::string& line : journal) Apply(plan, state, ParseEvent(line).value());
  return state;
}

void SimulatedRun::Record(const Event& event) {
  journal_.push_back(ToJson(event));
  Apply(plan_, state_, event);
  dead_ = dead_ || script_.kills.contains(journal_.size());
}

void SimulatedRun::DieAndComeBack() {
  while (dead_) {
    dead_ = false;
    const RunState replayed = Replayed(plan_, journal_);
    EXPECT_EQ(replayed, state_) << "after " << journal_.size() << " events";
    state_ = replayed;
    coming_.clear();
    Record({now_, TakenUp{}});
  }
}

bool SimulatedRun::Begin(const Action& action) {
  ExpectAllowed(action);
  const Begun& begin = action.begin;
  Record({now_, begin});
  const bool carried_out = !dead_ || dice_.OneIn(2);
  if (carried_out && begin.step == Step::kReboot) last_reboot_ = now_;
  const End end = carried_out ? fleet_.Do(action, now_) : End();
  if (dead_) return false;
  const std::string key =
      begin.machine.empty() ? "group " + std::to_string(begin.group) : begin.machine;
  coming_.erase(key);
  if (end) coming_.emplace(key, *end);
  return true;
}

void SimulatedRun::Run() {
  Record({now_, Started{}});
  DieAndComeBack();
  while (!testing::Test::HasFatalFailure()) {
    const Decision decision = Decide(plan_, state_, now_);
    if (decision.finished) return ExpectEnd();
    ASSERT_LT(journal_.size(), kMostEvents) << "it does not end";
    if (decision.actions.empty()) {
      GoOn(decision);
    } else {
      for (const Action& action : decision.actions) {
        if (!Begin(action)) break;
      }
    }
    DieAndComeBack();
  }
}

void SimulatedRun::GoOn(const Decision& decision) {
  std::optional<WallTime> next = decision.wake;
  auto first = coming_.end();
  for (auto it = coming_.begin(); it != coming_.end(); ++it) {
    if (next && it->second.at >= *next) continue;
    next = it->second.at;
    first = it;
  }
  const bool wish = !script_.wishes.empty() && (!next || script_.wishes.front().at < *next);
  ASSERT_TRUE(wish || next) << "nothing would ever happen any more";
  now_ = std::max(now_, wish ? script_.wishes.front().at : *next);
  if (wish) {
    Record({now_, script_.wishes.front().what});
    script_.wishes.erase(script_.wishes.begin());
  } else if (first != coming_.end()) {
    const Happening what = first->second.what;
    coming_.erase(first);
    // It may die with what it heard.
    Record({now_, what});
  } else {
    Record({now_, Tick{}});
  }
}

void SimulatedRun::ExpectAllowed(const Action& action) const {
  const Begun& begin = action.begin;
  const PlannedGroup& group = plan_.groups[begin.group];
  EXPECT_GT(action.deadline, now_);
  const bool starts = begin.step == Step::kStage || TakesDown(begin.step);
  if (!starts) return;
  EXPECT_EQ(state_.stop, StopCause::kNone) << "begun after the run was stopped";
  EXPECT_TRUE(IsOpen(group, plan_.settings, now_)) << begin.machine << " outside its window";
  EXPECT_TRUE(!group.needs_approval || state_.groups[begin.group].approved);
  EXPECT_FALSE(state_.paused && begin.step == Step::kStage);
  if (begin.step == Step::kReboot) {
    EXPECT_TRUE(group.allow_reboot) << begin.machine;
    EXPECT_TRUE(!last_reboot_ || now_ >= *last_reboot_ + plan_.settings.reboot_stagger);
  }
  if (TakesDown(begin.step)) ExpectPlace(begin);
  ExpectTurn(begin);
}

void SimulatedRun::ExpectPlace(const Begun& begin) const {
  size_t down = 0;
  size_t in_group = 0;
  for (size_t i = 0; i < plan_.machines.size(); ++i) {
    const std::string& name = plan_.machines[i].name;
    if (name == begin.machine || !fleet_.IsDown(name, now_)) continue;
    const MachineRun& machine = state_.machines[i];
    // One that stays down keeps no other from being put right.
    if (plan_.work == Work::kRollBack && IsEnd(machine.phase)) continue;
    ++down;
    if (machine.group == begin.group && !IsEnd(machine.phase)) ++in_group;
  }
  EXPECT_LT(down, plan_.settings.max_parallel) << "before " << begin.machine;
  EXPECT_LT(in_group, plan_.groups[begin.group].parallel) << "before " << begin.machine;
}

void SimulatedRun::ExpectTurn(const Begun& begin) const {
  const PlannedGroup& group = plan_.groups[begin.group];
  const bool later = plan_.settings.reboots == RebootOrder::kAfterAll;
  for (const size_t need : group.dependencies) {
    const GroupRun& other = state_.groups[need];
    const bool closing = other.phase == GroupPhase::kClosing && other.end == GroupEnd::kOpen;
    const bool well = other.phase == GroupPhase::kEnded && other.end == GroupEnd::kWell;
    EXPECT_TRUE(well || (later && closing))
        << begin.machine << " of " << group.name << " before " << plan_.groups[need].name;
  }
  for (size_t i = 0; i < plan_.machines.size(); ++i) {
    const bool controller = plan_.groups[state_.machines[i].group].controller;
    if (group.controller && !controller) {
      EXPECT_TRUE(IsEnd(state_.machines[i].phase)) << "the controller is not last";
    }
    // A wave begins when the ones before it have come to their end, or to their later reboots.
    const MachineRun& other = state_.machines[i];
    const MachineRun& machine = state_.machines[state_.names.at(begin.machine)];
    const bool together = later && begin.step == Step::kReboot;
    if (other.group == machine.group && other.wave < machine.wave && !together) {
      EXPECT_TRUE(IsEnd(other.phase) || (later && other.phase == MachinePhase::kRebooting));
    }
  }
}

void SimulatedRun::ExpectEnd() {
  for (size_t i = 0; i < plan_.machines.size(); ++i) {
    const MachineRun& machine = state_.machines[i];
    const Machinery& real = fleet_.At(plan_.machines[i].name, now_);
    SCOPED_TRACE(plan_.machines[i].name + " " + std::string(NameOf(machine.phase)));
    EXPECT_TRUE(IsEnd(machine.phase));
    // What came to nothing does not show, so it may be tried again after the controller's death.
    EXPECT_TRUE(real.activations <= 1 || real.fault == Fault::kRefuses) << "activated twice";
    EXPECT_TRUE(real.reboots <= 1 || real.fault == Fault::kStaysPending) << "rebooted twice";
    if (machine.phase == MachinePhase::kUpdated) {
      EXPECT_TRUE(real.target && real.healthy);
    } else if (machine.phase == MachinePhase::kRolledBack) {
      EXPECT_TRUE(!real.target && !real.pending && !real.staged && real.healthy);
    } else if (machine.phase == MachinePhase::kRebootPending) {
      EXPECT_TRUE(!real.target && real.pending);
    } else if (machine.phase == MachinePhase::kNotReached && !real.silent) {
      EXPECT_TRUE(!real.target && !real.staged);
    } else if (machine.phase == MachinePhase::kFailed) {
      const bool slow = 3 * real.pace >= plan_.settings.machine_deadline;
      EXPECT_TRUE(real.fault != Fault::kNone || slow || fleet_.unhealthy_canaries[machine.group]);
    }
  }
  std::vector<uint32_t> failures;
  for (const PlannedGroup& group : plan_.groups) failures.push_back(group.failures_before);
  for (const MachineRun& machine : state_.machines) {
    if (machine.failed && !machine.forgiven) ++failures[machine.group];
  }
  for (size_t i = 0; i < plan_.groups.size(); ++i) {
    const GroupRun& group = state_.groups[i];
    EXPECT_EQ(group.phase, GroupPhase::kEnded);
    EXPECT_NE(group.end, GroupEnd::kOpen);
    const bool touched = group.begun_at != WallTime();
    EXPECT_TRUE(failures[i] <= plan_.groups[i].max_failures || state_.stop != StopCause::kNone ||
                !touched)
        << "group " << i << " should have stopped the run";
  }
  EXPECT_EQ(state_.notices.back().kind, NoticeKind::kRunFinished);
  EXPECT_EQ(Replayed(plan_, journal_), state_);
}

}  // namespace matic::fleet
