#include "osctl/fleet_pins.h"

#include <set>

#include "osctl/fleet_controller.h"

namespace matic::osctl {
namespace {

using fleet::Work;

// A machine is pinned by the first run that is shown and had it: the newest.
class Pinned {
 public:
  Pinned(const std::vector<const fleet::Machine*>& machines, PinnedBy by) : by_(by) {
    for (const fleet::Machine* machine : machines) missing_.insert(machine->name);
  }

  bool all() const { return missing_.empty(); }

  void Add(const fleet::RunRecord& run, const fleet::RunState& state) {
    const bool prepares = run.plan.work == Work::kPrepare;
    if (!prepares && run.plan.work != Work::kUpdate) return;
    for (size_t i = 0; i < run.plan.machines.size(); ++i) {
      const fleet::PlannedMachine& machine = run.plan.machines[i];
      if (!missing_.contains(machine.name)) continue;
      if (prepares && (state.machines.size() <= i ||
                       state.machines[i].phase != fleet::MachinePhase::kUpdated)) {
        continue;
      }
      missing_.erase(machine.name);
      if (prepares || by_ == PinnedBy::kAny) pins_[machine.name] = {machine.target, run.id};
    }
  }

  std::map<std::string, fleet::Pin> Take() { return std::move(pins_); }

 private:
  const PinnedBy by_;
  std::set<std::string> missing_;
  std::map<std::string, fleet::Pin> pins_;
};

}  // namespace

Result<std::map<std::string, fleet::Pin>> PinsOf(fleet::Journal& journal,
                                                 const std::vector<const fleet::Machine*>& machines,
                                                 PinnedBy by, WallTime since) {
  Pinned pinned(machines, by);
  MATIC_ASSIGN(const std::vector<std::string> runs, journal.RunsSince(since));
  for (const std::string& id : runs) {
    if (pinned.all()) break;
    MATIC_ASSIGN(const fleet::RunRecord run, journal.Find(id));
    MATIC_ASSIGN(const fleet::RunState state, StateOf(journal, run));
    pinned.Add(run, state);
  }
  return pinned.Take();
}

}  // namespace matic::osctl
