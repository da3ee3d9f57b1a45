#include "osctl/fleet/metrics/families.h"

#include <algorithm>
#include <utility>

#include "osctl/fleet/planner/outcome.h"

namespace matic::fleet {
namespace {

using exposition::Exposition;
using exposition::Family;
using exposition::Seconds;

// One value for each name of an enumeration, those that do not occur included: who draws them must
// not lose sight of one.
template <typename Enum, typename Count>
void AddEach(Family& family, const std::string& label, Enum last, Count count) {
  for (int i = 0; i <= static_cast<int>(last); ++i) {
    const auto value = static_cast<Enum>(i);
    family.Add(static_cast<double>(count(value)), {{label, std::string(NameOf(value))}});
  }
}

void AddState(Exposition& out, const RunState& state) {
  const RunOutcome outcome = OutcomeOf(state);
  const std::string now = outcome != RunOutcome::kOpen ? std::string(NameOf(outcome))
                          : state.paused               ? "paused"
                                                       : "running";
  Family& states = out.Gauge("run_state", "1 for what the latest run is doing, or how it ended.");
  for (const char* name : {"running", "paused", "well", "failed", "stopped"}) {
    states.Add(now == name ? 1 : 0, {{"state", name}});
  }
}

void AddTimes(Exposition& out, const RunState& state, WallTime now) {
  const std::optional<WallTime> end = EndOf(state);
  out.Gauge("run_start_timestamp_seconds", "When the latest run began.")
      .Add(Seconds(state.started));
  Family& ends = out.Gauge("run_end_timestamp_seconds", "When it ended; missing while it goes on.");
  if (end) ends.Add(Seconds(*end));
  const WallTime until = std::max(end.value_or(now), state.started);
  out.Gauge("run_duration_seconds", "How long it took, or takes by now.")
      .Add(std::chrono::duration<double>(until - state.started).count());
}

void AddMachines(Exposition& out, const RunRecord& run, const RunState& state) {
  std::map<MachinePhase, size_t> phases;
  size_t failures = 0;
  for (const MachineRun& machine : state.machines) {
    ++phases[machine.phase];
    failures += machine.failed ? 1 : 0;
  }
  AddEach(out.Gauge("run_machines", "Machines of the latest run, by phase."), "phase",
          MachinePhase::kNotReached, [&](MachinePhase phase) { return phases[phase]; });
  Family& left_out =
      out.Gauge("run_machines_left_out", "Machines that it does not update, by reason.");
  const std::pair<const char*, LeftOutReason> reasons[] = {
      {"up-to-date", LeftOutReason::kUpToDate},          {"offline", LeftOutReason::kOffline},
      {"unreachable", LeftOutReason::kUnreachable},      {"no-target", LeftOutReason::kNoTarget},
      {"reboot-pending", LeftOutReason::kRebootPending}, {"no-reboot", LeftOutReason::kNoReboot},
      {"not-prepared", LeftOutReason::kNotPrepared},     {"no-group", LeftOutReason::kNoGroup}};
  for (const auto& [name, reason] : reasons) {
    const auto count = std::ranges::count(run.plan.left_out, reason, &LeftOut::reason);
    left_out.Add(static_cast<double>(count), {{"reason", name}});
  }
  out.Gauge("run_failures", "Machines that have failed in it, rolled back ones included.")
      .Add(static_cast<double>(failures));
}

void AddGroups(Exposition& out, const RunRecord& run, const RunState& state) {
  AddEach(
      out.Gauge("run_groups", "Groups of the latest run, by how they ended; open ones have not."),
      "end", GroupEnd::kStopped,
      [&](GroupEnd end) { return std::ranges::count(state.groups, end, &GroupRun::end); });
  const auto asks = [](const GroupRun& group) {
    return group.asked && !group.approved && group.phase == GroupPhase::kPending;
  };
  out.Gauge("run_groups_to_approve", "Groups that wait for somebody's approval.")
      .Add(static_cast<double>(std::ranges::count_if(state.groups, asks)));
  size_t waves = 0;
  for (const PlannedGroup& group : run.plan.groups) waves += group.waves.size();
  out.Gauge("run_waves", "Waves of the latest run.").Add(static_cast<double>(waves));
  out.Gauge("run_waves_done", "Those that are over.")
      .Add(static_cast<double>(
          std::ranges::count(state.notices, NoticeKind::kWaveDone, &Notice::kind)));
}

void AddSuccesses(Exposition& out, const Successes& successes) {
  Family& fleet = out.Gauge("last_success_timestamp_seconds",
                            "When a run last ended well, or found nothing to do.");
  if (successes.fleet) fleet.Add(Seconds(*successes.fleet));
  Family& groups =
      out.Gauge("group_last_success_timestamp_seconds",
                "When all machines of the group last were up to date, or were brought there.");
  for (const auto& [group, time] : successes.groups) groups.Add(Seconds(time), {{"group", group}});
}

void AddChannels(Exposition& out, const std::vector<notify::ChannelCounts>& channels) {
  Family& total = out.Counter("notifications_total", "Notifications of this process, by result.");
  for (const notify::ChannelCounts& channel : channels) {
    const std::pair<const char*, uint64_t> results[] = {{"delivered", channel.delivered},
                                                        {"failed", channel.failed},
                                                        {"left-out", channel.left_out}};
    for (const auto& [result, count] : results) {
      total.Add(static_cast<double>(count), {{"channel", channel.channel}, {"result", result}});
    }
  }
}

}  // namespace

std::vector<Family> Families(const Snapshot& snapshot) {
  Exposition out("matic_fleet_", {{"fleet", snapshot.fleet}});
  if (snapshot.run != nullptr && snapshot.state != nullptr) {
    out.Gauge("run_info", "1; which run was the latest.")
        .Add(1, {{"run", snapshot.run->id},
                 {"requested_by", snapshot.run->requested_by},
                 {"work", std::string(NameOf(snapshot.run->plan.work))}});
    AddState(out, *snapshot.state);
    AddTimes(out, *snapshot.state, snapshot.now);
    AddMachines(out, *snapshot.run, *snapshot.state);
    AddGroups(out, *snapshot.run, *snapshot.state);
  }
  AddSuccesses(out, snapshot.successes);
  AddChannels(out, snapshot.channels);
  out.Gauge("updated_timestamp_seconds", "When this was told.").Add(Seconds(snapshot.now));
  return out.Take();
}

}  // namespace matic::fleet
