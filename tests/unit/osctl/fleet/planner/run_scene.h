// A run told step by step: what is begun, and what the test says machines and people do.
#pragma once

#include <string>
#include <vector>

#include "osctl/fleet/planner/decide.h"

namespace matic::fleet {

// 2026-03-02, a Monday.
WallTime Clock(int hour, int minute = 0);

class Scene {
 public:
  Scene();

  // Before Start. Its machines are healthy and out of date; it has no canaries, soak or stagger.
  Group& AddGroup(const std::string& name, const std::vector<std::string>& machines);
  Settings& settings() { return inventory_.settings; }
  MachineFacts& facts(const std::string& machine) { return facts_[machine]; }
  Machine& machine(const std::string& name);

  void Start(WallTime at = Clock(12), const Task& task = {});
  // Begins all that is to be begun, and what follows from that: "stage a", "check-health web".
  std::vector<std::string> Begin();
  // The same, without beginning it: of the one decision.
  std::vector<std::string> Next() const;
  Decision Decided() const { return Decide(plan_, state_, now_); }

  void Tell(const Happening& what);
  void Pass(std::chrono::seconds time);  // and tell a Tick
  // The controller dies; another one reads the journal.
  void Die();

  void Check(const std::string& group, bool ok = true);  // or a script's end, whatever is begun
  void Staged(const std::string& machine);
  void Activated(const std::string& machine);     // and it runs its target
  void RebootNeeded(const std::string& machine);  // after its activation
  void Verified(const std::string& machine) { Activated(machine); }
  void Unhealthy(const std::string& machine);  // on its target
  void OnOld(const std::string& machine);
  // Stages, activates and verifies, with all that is begun meanwhile.
  void Update(const std::vector<std::string>& machines);

  const Plan& plan() const { return plan_; }
  const RunState& state() const { return state_; }
  const GroupRun& group(const std::string& name) const;
  const MachineRun& run(const std::string& machine) const;
  MachinePhase phase(const std::string& machine) const { return run(machine).phase; }
  GroupEnd end(const std::string& name) const { return group(name).end; }
  std::vector<std::string> Heard(NoticeKind kind) const;  // texts of notices
  WallTime now() const { return now_; }

 private:
  std::string TextOf(const Begun& begun) const;
  size_t IndexOf(const std::string& group) const;

  Inventory inventory_;
  FleetFacts facts_;
  Plan plan_;
  RunState state_;
  std::vector<std::string> journal_;
  WallTime now_;
};

}  // namespace matic::fleet
