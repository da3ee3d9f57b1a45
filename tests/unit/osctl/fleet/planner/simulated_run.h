// A run of a simulated fleet, with its controller: what osctl does with decisions and events, in
// simulated time, and what must hold at each of its steps.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "tests/unit/osctl/fleet/planner/simulated_fleet.h"

namespace matic::fleet {

struct Script {
  WallTime start{};
  std::vector<Event> wishes{};  // of people, in order
  std::set<size_t> kills{};     // the controller dies when it has journalled so many events
};

class SimulatedRun {
 public:
  SimulatedRun(Plan plan, SimulatedFleet fleet, Script script, uint64_t seed)
      : plan_(std::move(plan)),
        fleet_(std::move(fleet)),
        script_(std::move(script)),
        dice_(seed),
        now_(script_.start) {}

  // To its end, with what must hold at each step expected.
  void Run();

  const Plan& plan() const { return plan_; }
  const RunState& state() const { return state_; }
  const std::vector<std::string>& journal() const { return journal_; }
  SimulatedFleet& fleet() { return fleet_; }
  WallTime now() const { return now_; }

 private:
  void Record(const Event& event);
  void DieAndComeBack();
  // False where the controller died.
  bool Begin(const Action& action);
  void GoOn(const Decision& decision);

  void ExpectAllowed(const Action& action) const;
  void ExpectPlace(const Begun& begin) const;
  void ExpectTurn(const Begun& begin) const;
  void ExpectEnd();

  const Plan plan_;
  SimulatedFleet fleet_;
  Script script_;
  Dice dice_;
  WallTime now_;
  RunState state_;
  std::vector<std::string> journal_;     // JSON
  std::map<std::string, Event> coming_;  // what the controller will hear, by machine or group
  std::optional<WallTime> last_reboot_;
  bool dead_ = false;
};

// What a journal makes of a run.
RunState Replayed(const Plan& plan, const std::vector<std::string>& journal);

}  // namespace matic::fleet
