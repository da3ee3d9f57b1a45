// How a run stands, in a line.
#include <algorithm>
#include <array>
#include <map>
#include <numeric>

#include "osctl/fleet/planner/run_state.h"

namespace matic::fleet {
namespace {

// Activated in its wave, while reboots come after all of them.
bool IsToReboot(const MachineRun& machine) {
  return machine.phase == MachinePhase::kRebooting && !machine.begun && !machine.doubt;
}

}  // namespace

std::string Summary(const Plan& plan, const RunState& state, const std::vector<size_t>& machines) {
  // What has come to its end first, and well before badly.
  constexpr std::array kOrder = {
      MachinePhase::kUpdated,   MachinePhase::kRebootPending, MachinePhase::kRolledBack,
      MachinePhase::kFailed,    MachinePhase::kSkipped,       MachinePhase::kNotReached,
      MachinePhase::kStaging,   MachinePhase::kActivating,    MachinePhase::kRebooting,
      MachinePhase::kVerifying, MachinePhase::kRollingBack,   MachinePhase::kCancelling,
      MachinePhase::kWaiting};
  std::map<MachinePhase, size_t> counts;
  size_t to_reboot = 0;
  for (const size_t index : machines) {
    const MachineRun& machine = state.machines[index];
    if (plan.machines[index].work == Work::kUpdate && IsToReboot(machine)) {
      ++to_reboot;
    } else {
      ++counts[machine.phase];
    }
  }
  std::string text;
  const auto add = [&text](size_t count, std::string_view name) {
    if (count == 0) return;
    text += (text.empty() ? "" : ", ") + std::to_string(count) + " " + std::string(name);
  };
  for (const MachinePhase phase : kOrder) {
    if (phase == MachinePhase::kRebooting) add(to_reboot, "to be rebooted");
    add(counts[phase], NameOf(phase, plan.work));
  }
  return text.empty() ? "nothing to do" : text;
}

std::string Summary(const Plan& plan, const RunState& state) {
  std::vector<size_t> all(state.machines.size());
  std::iota(all.begin(), all.end(), size_t{0});
  const auto failed = std::ranges::count_if(
      plan.left_out, [](const LeftOut& left) { return IsFailure(left.reason); });
  if (all.empty() && failed > 0) return "none begun, " + std::to_string(failed) + " left out";
  return Summary(plan, state, all);
}

}  // namespace matic::fleet
