#include "agent/api/translate.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <utility>

#include "agent/api/timing.h"
#include "lib/base/utf8.h"
#include "lib/http/url.h"

namespace matic::api {
namespace {

constexpr size_t kMaxOutputBytes = 8 * 1024;

v1::ScheduleState ToMessage(engine::ScheduleState state) {
  switch (state) {
    case engine::ScheduleState::kPending:
      return v1::SCHEDULE_STATE_PENDING;
    case engine::ScheduleState::kInProgress:
      return v1::SCHEDULE_STATE_IN_PROGRESS;
    case engine::ScheduleState::kCompleted:
      return v1::SCHEDULE_STATE_COMPLETED;
    case engine::ScheduleState::kFailed:
      return v1::SCHEDULE_STATE_FAILED;
    case engine::ScheduleState::kRolledBack:
      return v1::SCHEDULE_STATE_ROLLED_BACK;
    case engine::ScheduleState::kCancelled:
      return v1::SCHEDULE_STATE_CANCELLED;
  }
  return v1::SCHEDULE_STATE_UNSPECIFIED;
}

v1::Phase ToMessage(engine::Phase phase) {
  switch (phase) {
    case engine::Phase::kNone:
      return v1::PHASE_UNSPECIFIED;
    case engine::Phase::kWaiting:
      return v1::PHASE_WAITING;
    case engine::Phase::kChecking:
      return v1::PHASE_CHECKING;
    case engine::Phase::kFetching:
      return v1::PHASE_FETCHING;
    case engine::Phase::kBuilding:
      return v1::PHASE_BUILDING;
    case engine::Phase::kStaging:
      return v1::PHASE_STAGING;
    case engine::Phase::kVerifying:
      return v1::PHASE_VERIFYING;
    case engine::Phase::kStaged:
      return v1::PHASE_STAGED;
    case engine::Phase::kActivating:
      return v1::PHASE_ACTIVATING;
    case engine::Phase::kRebooting:
      return v1::PHASE_REBOOTING;
    case engine::Phase::kOnTrial:
      return v1::PHASE_ON_TRIAL;
    case engine::Phase::kConfirming:
      return v1::PHASE_CONFIRMING;
    case engine::Phase::kRollingBack:
      return v1::PHASE_ROLLING_BACK;
  }
  return v1::PHASE_UNSPECIFIED;
}

constexpr std::pair<update::Mode, v1::UpdateMode> kModes[] = {
    {update::Mode::kAuto, v1::UPDATE_MODE_AUTO},
    {update::Mode::kSwitch, v1::UPDATE_MODE_SWITCH},
    {update::Mode::kBoot, v1::UPDATE_MODE_BOOT},
    {update::Mode::kBuild, v1::UPDATE_MODE_BUILD},
};

v1::UpdateMode ToMessage(std::optional<update::Mode> mode) {
  for (const auto& [known, message] : kModes) {
    if (known == mode) return message;
  }
  return v1::UPDATE_MODE_UNSPECIFIED;
}

std::optional<update::Mode> ToMode(v1::UpdateMode message) {
  for (const auto& [mode, known] : kModes) {
    if (known == message) return mode;
  }
  return std::nullopt;
}

v1::HealthState ToMessage(health::HealthState state) {
  switch (state) {
    case health::HealthState::kHealthy:
      return v1::HEALTH_STATE_HEALTHY;
    case health::HealthState::kDegraded:
      return v1::HEALTH_STATE_DEGRADED;
    case health::HealthState::kUnhealthy:
      return v1::HEALTH_STATE_UNHEALTHY;
  }
  return v1::HEALTH_STATE_UNSPECIFIED;
}

v1::CheckResult ToMessage(health::CheckResult result) {
  switch (result) {
    case health::CheckResult::kRunning:
      return v1::CHECK_RESULT_RUNNING;
    case health::CheckResult::kPassed:
      return v1::CHECK_RESULT_PASSED;
    case health::CheckResult::kFailed:
      return v1::CHECK_RESULT_FAILED;
  }
  return v1::CHECK_RESULT_UNSPECIFIED;
}

v1::Target ToMessage(const update::Target& target, const std::string& trial_target) {
  v1::Target message;
  message.set_name(target.name);
  message.set_running(target.running);
  message.set_next(target.next);
  message.set_on_trial(!trial_target.empty() && target.name == trial_target);
  message.set_bootable(target.bootable);
  message.set_successful(target.successful);
  message.set_priority(target.priority);
  message.set_tries(target.tries);
  message.set_version(ToUtf8(target.version));
  message.set_digest(target.digest);
  message.set_device(target.device);
  message.set_size_bytes(target.size_bytes);
  message.set_generation(target.generation);
  message.set_golden(target.golden);
  return message;
}

uint32_t Milliseconds(std::chrono::milliseconds duration) {
  return static_cast<uint32_t>(
      std::clamp<int64_t>(duration.count(), 0, std::numeric_limits<uint32_t>::max()));
}

}  // namespace

google::protobuf::Timestamp ToTimestamp(WallTime time) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(time);
  google::protobuf::Timestamp timestamp;
  timestamp.set_seconds(
      std::chrono::duration_cast<std::chrono::seconds>(seconds.time_since_epoch()).count());
  timestamp.set_nanos(static_cast<int32_t>(
      std::chrono::duration_cast<std::chrono::nanoseconds>(time - seconds).count()));
  return timestamp;
}

engine::ScheduleRequest ToScheduleRequest(const v1::ScheduleUpdateRequest& request) {
  engine::ScheduleRequest result;
  result.source = request.source();
  result.sha256 = request.sha256();
  std::ranges::transform(result.sha256, result.sha256.begin(), [](char c) {
    return c >= 'A' && c <= 'F' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  result.enable_auto_rollback = request.enable_auto_rollback();
  if (request.health_check_timeout_seconds() > 0) {
    result.health_check_timeout = std::chrono::seconds(request.health_check_timeout_seconds());
  }
  result.stop_after = request.stop_after() == v1::STOP_AFTER_STAGED ? engine::StopAfter::kStaged
                                                                    : engine::StopAfter::kNothing;
  result.force.assign(request.force().begin(), request.force().end());
  result.request_id = request.request_id();
  // Validation has seen that these are rules.
  if (Result<calendar::Rules> rules = ToRules(request.timing())) result.timing = *rules;
  result.reboot_delay = std::chrono::seconds(request.timing().reboot_delay_seconds());
  const auto names = [](const auto& list) {
    return std::vector<std::string>(list.begin(), list.end());
  };
  result.hooks = {.pre = names(request.hooks().pre()),
                  .post = names(request.hooks().post()),
                  .rollback = names(request.hooks().rollback())};
  result.comment = request.comment();
  result.mode = ToMode(request.mode());
  result.inputs = names(request.inputs());
  result.no_reboot = request.no_reboot();
  result.run = request.run();
  return result;
}

v1::Schedule ToMessage(const engine::Schedule& schedule) {
  v1::Schedule message;
  message.set_id(schedule.id);
  message.set_state(ToMessage(schedule.state));
  message.set_phase(ToMessage(schedule.phase));
  message.set_source(ToUtf8(http::PublicUrl(schedule.request.source)));
  message.set_sha256(schedule.request.sha256);
  message.set_enable_auto_rollback(schedule.request.enable_auto_rollback);
  if (schedule.request.health_check_timeout) {
    message.set_health_check_timeout_seconds(
        static_cast<uint32_t>(schedule.request.health_check_timeout->count()));
  }
  message.set_stop_after(schedule.request.stop_after == engine::StopAfter::kStaged
                             ? v1::STOP_AFTER_STAGED
                             : v1::STOP_AFTER_NOTHING);
  message.set_target(schedule.target);
  message.set_previous(schedule.previous);
  message.set_version(ToUtf8(schedule.version));
  message.mutable_progress()->set_bytes_done(schedule.progress.bytes_done);
  message.mutable_progress()->set_bytes_total(schedule.progress.bytes_total);
  message.mutable_progress()->set_bytes_per_second(schedule.progress.bytes_per_second);
  message.set_reason(ToUtf8(schedule.reason));
  for (const std::string& name : schedule.request.force) message.add_force(name);
  *message.mutable_created() = ToTimestamp(schedule.created);
  *message.mutable_updated() = ToTimestamp(schedule.updated);
  message.set_requested_by(ToUtf8(schedule.requested_by));
  message.set_request_id(schedule.request.request_id);
  *message.mutable_timing() = ToMessage(schedule.request.timing, schedule.request.reboot_delay);
  const engine::HookNames& hooks = schedule.request.hooks;
  for (const std::string& name : hooks.pre) message.mutable_hooks()->add_pre(name);
  for (const std::string& name : hooks.post) message.mutable_hooks()->add_post(name);
  for (const std::string& name : hooks.rollback) message.mutable_hooks()->add_rollback(name);
  if (schedule.waiting_until) {
    *message.mutable_waiting_until() = ToTimestamp(*schedule.waiting_until);
  }
  message.set_comment(ToUtf8(schedule.request.comment));
  message.set_mode(ToMessage(schedule.request.mode));
  for (const std::string& input : schedule.request.inputs) message.add_inputs(input);
  message.set_no_reboot(schedule.request.no_reboot);
  message.set_run(schedule.request.run);
  for (const std::string& reason : schedule.reboot_reasons) {
    message.add_reboot_reasons(ToUtf8(reason));
  }
  return message;
}

v1::Lease ToMessage(const engine::Lease& lease) {
  v1::Lease message;
  message.set_fleet(lease.fleet);
  message.set_run(lease.run);
  message.set_holder(lease.holder);
  *message.mutable_until() = ToTimestamp(lease.until);
  if (lease.stopped_by.empty()) return message;
  message.set_stopped_by(ToUtf8(lease.stopped_by));
  *message.mutable_stopped() = ToTimestamp(lease.stopped);
  return message;
}

v1::PlanUpdateResponse ToMessage(const engine::Plan& plan) {
  v1::PlanUpdateResponse message;
  message.set_source(ToUtf8(http::PublicUrl(plan.image.source)));
  message.set_sha256(plan.image.sha256);
  message.set_version(ToUtf8(plan.image.version));
  message.set_bytes_to_fetch(plan.fetch.bytes.value_or(0));
  message.set_bytes_reused(plan.fetch.reused_bytes);
  message.set_requests(plan.fetch.requests);
  message.set_why_all(plan.fetch.why_all);
  message.set_target(plan.target);
  message.set_previous(plan.previous);
  message.set_next_boot(plan.next_boot);
  for (const engine::Plan::StepTime& step : plan.steps) {
    v1::PlanStep* line = message.add_steps();
    line->set_name(step.name);
    if (step.decision.open()) continue;
    line->set_reason(ToUtf8(step.decision.why));
    if (step.decision.until) *line->mutable_earliest() = ToTimestamp(*step.decision.until);
  }
  for (const engine::Plan::Check& check : plan.checks) {
    v1::PlanCheck* line = message.add_checks();
    line->set_name(check.name);
    line->set_passed(check.passed);
    line->set_output(ToUtf8(check.output));
  }
  message.set_possible(plan.Possible());
  return message;
}

v1::HistoryEvent ToMessage(const engine::HistoryEvent& event) {
  v1::HistoryEvent message;
  *message.mutable_time() = ToTimestamp(event.time);
  message.set_kind(event.kind);
  message.set_schedule_id(event.schedule_id);
  message.set_summary(ToUtf8(event.summary));
  message.set_requested_by(ToUtf8(event.requested_by));
  message.set_version(ToUtf8(event.version));
  message.set_digest(event.digest);
  message.set_boot_id(event.boot_id);
  message.set_output(ToUtf8(event.output, kMaxOutputBytes));
  return message;
}

v1::RollbackRecord ToMessage(const engine::RollbackRecord& record) {
  v1::RollbackRecord message;
  *message.mutable_time() = ToTimestamp(record.time);
  message.set_kind(record.kind == engine::RollbackKind::kManual ? v1::ROLLBACK_KIND_MANUAL
                                                                : v1::ROLLBACK_KIND_AUTOMATIC);
  message.set_from(record.from);
  message.set_to(record.to);
  message.set_reason(ToUtf8(record.reason));
  message.set_schedule_id(record.schedule_id);
  message.set_digest(record.digest);
  message.set_version(ToUtf8(record.version));
  message.set_boot_id(record.boot_id);
  message.set_requested_by(ToUtf8(record.requested_by));
  message.set_failed_boot_id(record.failed_boot_id);
  message.set_cause(std::string(engine::CauseName(record.cause)));
  return message;
}

v1::GetHealthResponse ToMessage(const health::Report& report) {
  v1::GetHealthResponse message;
  // A report that was never filled in would otherwise count as healthy.
  if (report.checks.empty() && report.last_updated == WallTime{}) return message;
  message.set_state(ToMessage(report.State()));
  *message.mutable_last_updated() = ToTimestamp(report.last_updated);
  for (const health::CheckReport& check : report.checks) {
    v1::HealthCheck* line = message.add_checks();
    line->set_name(ToUtf8(check.name));
    line->set_critical(check.critical);
    line->set_result(ToMessage(check.result));
    line->set_duration_milliseconds(Milliseconds(check.duration));
    line->set_attempts(check.attempts);
    line->set_output(ToUtf8(check.output));
  }
  return message;
}

v1::ChannelStatus ToMessage(const ChannelLook& look) {
  v1::ChannelStatus message;
  message.set_url(ToUtf8(look.url));
  if (look.next) *message.mutable_next_look() = ToTimestamp(*look.next);
  message.set_last_result(ToUtf8(look.last_result));
  return message;
}

v1::CommonCause ToMessage(const engine::StandingCause& cause) {
  v1::CommonCause message;
  message.set_runs(ToUtf8(cause.runs));
  for (const std::string& check : cause.checks) message.add_checks(ToUtf8(check));
  message.set_reason(ToUtf8(cause.reason));
  message.set_version(ToUtf8(cause.version));
  message.set_schedule_id(cause.schedule_id);
  if (Result<WallTime> time = ParseTime(cause.time)) {
    *message.mutable_since() = ToTimestamp(*time);
  }
  return message;
}

v1::GetStatusResponse ToMessage(const engine::Status& status) {
  v1::GetStatusResponse message;
  message.set_node_name(ToUtf8(status.node_name));
  message.set_machine_id(status.machine_id);
  message.set_agent_version(MATIC_VERSION);
  message.set_backend(status.backend);
  message.set_boot_id(status.facts.boot_id);
  message.set_uptime_seconds(static_cast<uint64_t>(std::max<int64_t>(status.uptime.count(), 0)));
  message.set_os_version(ToUtf8(status.os_version));
  for (const update::Target& target : status.facts.targets) {
    *message.add_targets() = ToMessage(target, status.trial_target);
  }
  message.set_phase(ToMessage(status.phase));
  message.set_schedule_id(status.schedule_id);
  message.set_waiting_for(ToUtf8(status.waiting_for));
  message.set_boot_counter(status.boot_counter);
  if (status.last_update_time) {
    *message.mutable_last_update_time() = ToTimestamp(*status.last_update_time);
  }
  for (const std::string& problem : status.problems) message.add_problems(ToUtf8(problem));
  for (const std::string& digest : status.quarantined) message.add_quarantined(digest);
  if (status.lease) *message.mutable_lease() = ToMessage(*status.lease);
  if (status.common_cause) *message.mutable_common_cause() = ToMessage(*status.common_cause);
  return message;
}

}  // namespace matic::api
