#include "agent/metrics/families.h"

#include <string>

#include "agent/engine/schedule_json.h"

namespace matic::metrics {
namespace {

using exposition::Exposition;
using exposition::Family;
using exposition::Labels;
using exposition::Seconds;

constexpr engine::Phase kPhases[] = {
    engine::Phase::kNone,       engine::Phase::kWaiting,  engine::Phase::kChecking,
    engine::Phase::kFetching,   engine::Phase::kBuilding, engine::Phase::kStaging,
    engine::Phase::kVerifying,  engine::Phase::kStaged,   engine::Phase::kActivating,
    engine::Phase::kRebooting,  engine::Phase::kOnTrial,  engine::Phase::kConfirming,
    engine::Phase::kRollingBack};

void AddStatus(Exposition& out, const engine::Status& status) {
  out.Gauge("agent_info", "1; what runs here.")
      .Add(1, {{"version", MATIC_VERSION},
               {"backend", status.backend},
               {"node", status.node_name},
               {"os_version", status.os_version}});
  Family& phases = out.Gauge("phase", "1 for the phase that the update is in, 0 for the others.");
  for (const engine::Phase phase : kPhases) {
    phases.Add(status.phase == phase ? 1 : 0, {{"phase", std::string(PhaseName(phase))}});
  }
  out.Gauge("on_trial", "1 while the running system is not confirmed.")
      .Add(status.trial_target.empty() ? 0 : 1);
  out.Gauge("trial_starts", "Starts of the system on trial so far.").Add(status.boot_counter);
  out.Gauge("problems", "What needs a person: see osctl status.")
      .Add(static_cast<double>(status.problems.size()));
  out.Gauge("quarantined_images", "Images that were seen to fail, and are refused.")
      .Add(static_cast<double>(status.quarantined.size()));
  out.Gauge("last_success_timestamp_seconds", "When an update was last confirmed; 0: never.")
      .Add(status.last_update_time ? Seconds(*status.last_update_time) : 0);
}

void AddTargets(Exposition& out, const std::vector<update::Target>& targets) {
  Family& info = out.Gauge("target_info", "1; what each slot holds.");
  Family& running = out.Gauge("target_running", "1 for the slot that runs.");
  Family& next = out.Gauge("target_next", "1 for the slot that the next start chooses.");
  Family& bootable = out.Gauge("target_bootable", "1 for a slot that may be started.");
  Family& successful = out.Gauge("target_successful", "1 for a slot that was confirmed.");
  Family& priority = out.Gauge("target_priority", "0 to 15; the highest is started.");
  Family& tries = out.Gauge("target_tries_left", "Starts that a slot on trial still has.");
  for (const update::Target& target : targets) {
    const Labels labels = {{"target", target.name}};
    info.Add(1, {{"target", target.name},
                 {"version", target.version},
                 {"digest", target.digest.substr(0, 12)}});
    running.Add(target.running ? 1 : 0, labels);
    next.Add(target.next ? 1 : 0, labels);
    bootable.Add(target.bootable ? 1 : 0, labels);
    successful.Add(target.successful ? 1 : 0, labels);
    priority.Add(target.priority, labels);
    tries.Add(target.tries, labels);
  }
}

void AddUpdates(Exposition& out, const MachineSample& machine) {
  const engine::Schedule* active = machine.active ? &*machine.active : nullptr;
  out.Gauge("active_schedule_created_timestamp_seconds",
            "When the update that has not ended was asked for; 0: there is none.")
      .Add(active != nullptr ? Seconds(active->created) : 0);
  out.Gauge("progress_bytes", "Done in this phase.")
      .Add(active != nullptr ? static_cast<double>(active->progress.bytes_done) : 0);
  out.Gauge("progress_total_bytes", "Of this phase; 0: unknown.")
      .Add(active != nullptr ? static_cast<double>(active->progress.bytes_total) : 0);
  Family& updates = out.Counter("updates_total", "Updates that ended, by result.");
  Family& durations =
      out.Summary("update_duration_seconds", "From asking for an update to its end, by result.");
  for (const auto& [result, ends] : machine.totals.updates) {
    updates.Add(static_cast<double>(ends.count), {{"result", result}});
    durations.AddSum(ends.count, ends.seconds, {{"result", result}});
  }
  Family& rollbacks = out.Counter("rollbacks_total", "Ways back that were taken, and why.");
  for (const auto& [key, count] : machine.totals.rollbacks) {
    rollbacks.Add(static_cast<double>(count), {{"kind", key.first}, {"cause", key.second}});
  }
}

void AddCertificates(Exposition& out, const std::vector<CertificateExpiry>& certificates) {
  Family& expiry = out.Gauge("certificate_expiry_timestamp_seconds",
                             "Until when the API's certificates are good.");
  for (const CertificateExpiry& certificate : certificates) {
    expiry.Add(Seconds(certificate.not_after), {{"certificate", certificate.name}});
  }
}

void AddHealth(Exposition& out, const health::Report& report) {
  using health::HealthState;
  const HealthState state = report.State();
  out.Gauge("health", "1 for the state that the checks put the node into, 0 for the others.")
      .Add(state == HealthState::kHealthy ? 1 : 0, {{"state", "healthy"}})
      .Add(state == HealthState::kDegraded ? 1 : 0, {{"state", "degraded"}})
      .Add(state == HealthState::kUnhealthy ? 1 : 0, {{"state", "unhealthy"}});
  out.Gauge("health_timestamp_seconds", "When the checks last ran.")
      .Add(Seconds(report.last_updated));
  Family& passed = out.Gauge("check_passed", "1 for a check that passed, 0 for one that failed.");
  Family& duration = out.Gauge("check_duration_seconds", "Of a check's last attempt.");
  Family& attempts = out.Gauge("check_attempts", "Of a check, in its last run.");
  for (const health::CheckReport& check : report.checks) {
    if (check.result == health::CheckResult::kRunning) continue;
    const Labels labels = {{"check", check.name}};
    passed.Add(check.result == health::CheckResult::kPassed ? 1 : 0,
               {{"check", check.name}, {"critical", check.critical ? "yes" : "no"}});
    duration.Add(std::chrono::duration<double>(check.duration).count(), labels);
    attempts.Add(check.attempts, labels);
  }
}

void AddNotifications(Exposition& out, const std::vector<notify::ChannelCounts>& channels) {
  Family& total =
      out.Counter("notifications_total", "Notifications since the agent started, by result.");
  for (const notify::ChannelCounts& channel : channels) {
    const auto add = [&](const char* result, uint64_t count) {
      total.Add(static_cast<double>(count), {{"channel", channel.channel}, {"result", result}});
    };
    add("delivered", channel.delivered);
    add("failed", channel.failed);
    add("left-out", channel.left_out);
  }
}

void AddSelf(Exposition& out, const Snapshot& snapshot) {
  out.Counter("fetched_bytes_total", "Of images, over the network, since the agent started.")
      .Add(static_cast<double>(snapshot.fetched_bytes));
  out.Counter("written_bytes_total", "To the disk with the slots, since the agent started.")
      .Add(static_cast<double>(snapshot.written_bytes));
  out.Counter("reused_bytes_total",
              "Of images, taken from this machine instead of the network, since the agent started.")
      .Add(static_cast<double>(snapshot.reused_bytes));
  out.Counter("collect_errors_total",
              "Questions that the agent could not answer for its metrics, since it started.")
      .Add(static_cast<double>(snapshot.collect_errors));
  Family& age =
      out.Gauge("sample_age_seconds",
                "How old what is told is; more than a few seconds: the agent or its disk hangs.");
  if (snapshot.machine) age.Add(snapshot.machine_age_seconds, {{"sample", "machine"}});
  if (snapshot.health) age.Add(snapshot.health_age_seconds, {{"sample", "health"}});
}

}  // namespace

std::vector<Family> Families(const Snapshot& snapshot) {
  Exposition out("matic_");
  if (snapshot.machine) {
    if (snapshot.machine->status) {
      AddStatus(out, *snapshot.machine->status);
      AddTargets(out, snapshot.machine->status->facts.targets);
    }
    AddUpdates(out, *snapshot.machine);
    AddCertificates(out, snapshot.machine->certificates);
  }
  if (snapshot.health) AddHealth(out, *snapshot.health);
  AddNotifications(out, snapshot.notifications);
  AddSelf(out, snapshot);
  return out.Take();
}

}  // namespace matic::metrics
