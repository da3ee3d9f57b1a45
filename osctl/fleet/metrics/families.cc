#include "osctl/fleet/metrics/families.h"

#include <algorithm>
#include <utility>

#include "lib/base/utf8.h"
#include "osctl/fleet/planner/outcome.h"

namespace matic::fleet {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;
using Labels = std::vector<ClientMetric::Label>;

constexpr size_t kLabelBytes = 256;

double Seconds(WallTime time) {
  return std::chrono::duration<double>(time.time_since_epoch()).count();
}

// Families under construction; all of their values say which fleet they are of.
class Exposition {
 public:
  explicit Exposition(std::string fleet) : fleet_(std::move(fleet)) {}

  void Begin(const std::string& name, const std::string& help,
             MetricType type = MetricType::Gauge) {
    MetricFamily& family = families_.emplace_back();
    family.name = "matic_fleet_" + name;
    family.help = help;
    family.type = type;
  }

  void Add(double value, Labels labels = {}) {
    MetricFamily& family = families_.back();
    ClientMetric& metric = family.metric.emplace_back();
    metric.label = {{"fleet", fleet_}};
    for (ClientMetric::Label& label : labels) {
      label.value = ToUtf8(label.value, kLabelBytes);
      metric.label.push_back(std::move(label));
    }
    (family.type == MetricType::Counter ? metric.counter.value : metric.gauge.value) = value;
  }

  void Alone(const std::string& name, const std::string& help, double value) {
    Begin(name, help);
    Add(value);
  }

  std::vector<MetricFamily> Take() {
    std::erase_if(families_, [](const MetricFamily& family) { return family.metric.empty(); });
    return std::move(families_);
  }

 private:
  const std::string fleet_;
  std::vector<MetricFamily> families_;
};

// One value for each name of an enumeration, those that do not occur included: who draws them must
// not lose sight of one.
template <typename Enum, typename Count>
void AddEach(Exposition& out, const std::string& label, Enum last, Count count) {
  for (int i = 0; i <= static_cast<int>(last); ++i) {
    const auto value = static_cast<Enum>(i);
    out.Add(static_cast<double>(count(value)), {{label, std::string(NameOf(value))}});
  }
}

void AddState(Exposition& out, const RunState& state) {
  const RunOutcome outcome = OutcomeOf(state);
  const std::string now = outcome != RunOutcome::kOpen ? std::string(NameOf(outcome))
                          : state.paused               ? "paused"
                                                       : "running";
  out.Begin("run_state", "1 for what the latest run is doing, or how it ended.");
  for (const char* name : {"running", "paused", "well", "failed", "stopped"}) {
    out.Add(now == name ? 1 : 0, {{"state", name}});
  }
}

void AddTimes(Exposition& out, const RunState& state, WallTime now) {
  const std::optional<WallTime> end = EndOf(state);
  out.Alone("run_start_timestamp_seconds", "When the latest run began.", Seconds(state.started));
  out.Begin("run_end_timestamp_seconds", "When it ended; missing while it goes on.");
  if (end) out.Add(Seconds(*end));
  const WallTime until = std::max(end.value_or(now), state.started);
  out.Alone("run_duration_seconds", "How long it took, or takes by now.",
            std::chrono::duration<double>(until - state.started).count());
}

void AddMachines(Exposition& out, const RunRecord& run, const RunState& state) {
  std::map<MachinePhase, size_t> phases;
  size_t failures = 0;
  for (const MachineRun& machine : state.machines) {
    ++phases[machine.phase];
    failures += machine.failed ? 1 : 0;
  }
  out.Begin("run_machines", "Machines of the latest run, by phase.");
  AddEach(out, "phase", MachinePhase::kNotReached,
          [&](MachinePhase phase) { return phases[phase]; });
  out.Begin("run_machines_left_out", "Machines that it does not update, by reason.");
  const std::pair<const char*, LeftOutReason> reasons[] = {
      {"up-to-date", LeftOutReason::kUpToDate},          {"offline", LeftOutReason::kOffline},
      {"unreachable", LeftOutReason::kUnreachable},      {"no-target", LeftOutReason::kNoTarget},
      {"reboot-pending", LeftOutReason::kRebootPending}, {"no-reboot", LeftOutReason::kNoReboot},
      {"not-prepared", LeftOutReason::kNotPrepared},     {"no-group", LeftOutReason::kNoGroup}};
  for (const auto& [name, reason] : reasons) {
    const auto count = std::ranges::count(run.plan.left_out, reason, &LeftOut::reason);
    out.Add(static_cast<double>(count), {{"reason", name}});
  }
  out.Alone("run_failures", "Machines that have failed in it, rolled back ones included.",
            static_cast<double>(failures));
}

void AddGroups(Exposition& out, const RunRecord& run, const RunState& state) {
  out.Begin("run_groups", "Groups of the latest run, by how they ended; open ones have not.");
  AddEach(out, "end", GroupEnd::kStopped,
          [&](GroupEnd end) { return std::ranges::count(state.groups, end, &GroupRun::end); });
  const auto asks = [](const GroupRun& group) {
    return group.asked && !group.approved && group.phase == GroupPhase::kPending;
  };
  out.Alone("run_groups_to_approve", "Groups that wait for somebody's approval.",
            static_cast<double>(std::ranges::count_if(state.groups, asks)));
  size_t waves = 0;
  for (const PlannedGroup& group : run.plan.groups) waves += group.waves.size();
  out.Alone("run_waves", "Waves of the latest run.", static_cast<double>(waves));
  out.Alone(
      "run_waves_done", "Those that are over.",
      static_cast<double>(std::ranges::count(state.notices, NoticeKind::kWaveDone, &Notice::kind)));
}

void AddSuccesses(Exposition& out, const Successes& successes) {
  out.Begin("last_success_timestamp_seconds",
            "When a run last ended well, or found nothing to do.");
  if (successes.fleet) out.Add(Seconds(*successes.fleet));
  out.Begin("group_last_success_timestamp_seconds",
            "When all machines of the group last were up to date, or were brought there.");
  for (const auto& [group, time] : successes.groups) out.Add(Seconds(time), {{"group", group}});
}

void AddChannels(Exposition& out, const std::vector<notify::ChannelCounts>& channels) {
  out.Begin("notifications_total", "Notifications of this process, by result.",
            MetricType::Counter);
  for (const notify::ChannelCounts& channel : channels) {
    const std::pair<const char*, uint64_t> results[] = {{"delivered", channel.delivered},
                                                        {"failed", channel.failed},
                                                        {"left-out", channel.left_out}};
    for (const auto& [result, count] : results) {
      out.Add(static_cast<double>(count), {{"channel", channel.channel}, {"result", result}});
    }
  }
}

}  // namespace

std::vector<MetricFamily> Families(const Snapshot& snapshot) {
  Exposition out(snapshot.fleet);
  if (snapshot.run != nullptr && snapshot.state != nullptr) {
    out.Begin("run_info", "1; which run was the latest.");
    out.Add(1, {{"run", snapshot.run->id},
                {"requested_by", snapshot.run->requested_by},
                {"work", std::string(NameOf(snapshot.run->plan.work))}});
    AddState(out, *snapshot.state);
    AddTimes(out, *snapshot.state, snapshot.now);
    AddMachines(out, *snapshot.run, *snapshot.state);
    AddGroups(out, *snapshot.run, *snapshot.state);
  }
  AddSuccesses(out, snapshot.successes);
  AddChannels(out, snapshot.channels);
  out.Alone("updated_timestamp_seconds", "When this was told.", Seconds(snapshot.now));
  return out.Take();
}

}  // namespace matic::fleet
