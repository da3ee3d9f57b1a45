#include "agent/api/node_service.h"

#include <spdlog/spdlog.h>

#include <chrono>
#include <exception>

#include "agent/api/call_end.h"
#include "agent/api/translate.h"
#include "agent/api/validation.h"
#include "lib/rpc/channel.h"
#include "lib/rpc/status.h"

namespace matic::api {
namespace {

using namespace std::chrono_literals;

// Between two messages of a watch: at most four a second.
constexpr auto kWatchInterval = 250ms;

// A message that was not taken by then is not going to be.
constexpr auto kPatience = 30s;

// A list stops short of what the other side would refuse as too large.
constexpr size_t kMaxListBytes = rpc::kMaxMessageBytes - 64 * 1024;

uint32_t ListLimit(uint32_t asked) { return asked == 0 ? kDefaultListLimit : asked; }

// A plan or a health check, which ask servers and programs.
constexpr auto kLongestCall = 60s;

Result<> Stopping() { return Fail(ErrorCode::kUnavailable, "the agent is stopping"); }

}  // namespace

NodeService::NodeService(engine::Engine& engine, AuditLog& audit, Identify identify,
                         std::function<ServingState()> serving_state, Calls::HangUp hang_up)
    : engine_(engine),
      audit_(audit),
      identify_(std::move(identify)),
      serving_state_(std::move(serving_state)),
      calls_(kPatience, std::move(hang_up)) {}

void NodeService::Stop() { stop_.request_stop(); }

// What comes after `told` was told: at once where something has changed but how far it is, and
// else not before the interval is over.
Result<engine::Engine::Change> NodeService::NextChange(const engine::Engine::Change& told) {
  const auto until = std::chrono::steady_clock::now() + kWatchInterval;
  engine::Engine::Change change = told;
  while (!stop_.stop_requested()) {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
    if (left.count() <= 0) return change;
    MATIC_ASSIGN(change, engine_.WaitForChange(told.schedule.id, change.revision, left));
    if (change.schedule.state != told.schedule.state ||
        change.schedule.phase != told.schedule.phase) {
      return change;
    }
  }
  return Fail(Stopping().error());
}

template <typename Request>
grpc::Status NodeService::Serve(std::string_view method, grpc::ServerContext& context,
                                const Request& request,
                                const std::function<Result<>(const engine::Caller&)>& act) {
  const Identity who = identify_(context);
  Result<> result = Authorise(who, method);
  if (result) result = calls_.Admit(context, who, method);
  if (result) result = Validate(request);
  if (result) {
    // What escapes a handler ends the process, and with it an update.
    try {
      result = act(engine::Caller{who.description});
    } catch (const std::exception& e) {
      result = Fail(ErrorCode::kInternal, std::string(method) + ": " + e.what());
    }
  }
  audit_.Record(who, method, request, result ? nullptr : &result.error());
  return result ? grpc::Status::OK : rpc::ToStatus(result.error(), context);
}

Result<> NodeService::AtLength(grpc::ServerContext& context,
                               const std::function<Result<>(std::stop_token)>& act) {
  const CallEnd end(context, stop_.get_token(), kLongestCall);
  Result<> done = act(end.token());
  if (done || !end.token().stop_requested() || context.IsCancelled()) return done;
  if (stop_.stop_requested()) return Stopping();
  return Fail(ErrorCode::kDeadline, "it took longer than " + std::to_string(kLongestCall.count()) +
                                        " s; a server or a check does not answer");
}

grpc::Status NodeService::GetStatus(grpc::ServerContext* context,
                                    const v1::GetStatusRequest* request,
                                    v1::GetStatusResponse* response) {
  return Serve("GetStatus", *context, *request, [&](const engine::Caller&) -> Result<> {
    MATIC_ASSIGN(const engine::Status status, engine_.GetStatus());
    *response = ToMessage(status);
    const ServingState serving = serving_state_();
    if (serving.certificate_expiry) {
      *response->mutable_certificate_expiry() = ToTimestamp(*serving.certificate_expiry);
    }
    for (const std::string& problem : serving.problems) response->add_problems(problem);
    if (serving.channel) *response->mutable_channel() = ToMessage(*serving.channel);
    if (request->events() == 0) return {};
    MATIC_ASSIGN(std::vector<engine::HistoryEvent> events,
                 engine_.GetHistory(request->events(), std::nullopt));
    for (engine::HistoryEvent& event : events) {
      event.output.clear();
      *response->add_events() = ToMessage(event);
    }
    return {};
  });
}

grpc::Status NodeService::ScheduleUpdate(grpc::ServerContext* context,
                                         const v1::ScheduleUpdateRequest* request,
                                         v1::ScheduleUpdateResponse* response) {
  return Serve("ScheduleUpdate", *context, *request, [&](const engine::Caller& who) -> Result<> {
    MATIC_ASSIGN(const engine::Schedule schedule,
                 engine_.ScheduleUpdate(ToScheduleRequest(*request), who));
    *response->mutable_schedule() = ToMessage(schedule);
    return {};
  });
}

grpc::Status NodeService::PlanUpdate(grpc::ServerContext* context,
                                     const v1::PlanUpdateRequest* request,
                                     v1::PlanUpdateResponse* response) {
  return Serve("PlanUpdate", *context, *request, [&](const engine::Caller&) -> Result<> {
    return AtLength(*context, [&](std::stop_token stop) -> Result<> {
      MATIC_ASSIGN(const engine::Plan plan,
                   engine_.PlanUpdate(ToScheduleRequest(request->update()), std::move(stop)));
      *response = ToMessage(plan);
      return {};
    });
  });
}

grpc::Status NodeService::ActivateUpdate(grpc::ServerContext* context,
                                         const v1::ActivateUpdateRequest* request,
                                         v1::ActivateUpdateResponse* response) {
  return Serve("ActivateUpdate", *context, *request, [&](const engine::Caller& who) -> Result<> {
    MATIC_ASSIGN(const engine::Schedule schedule,
                 engine_.ActivateUpdate(request->schedule_id(), request->run(), who));
    *response->mutable_schedule() = ToMessage(schedule);
    return {};
  });
}

grpc::Status NodeService::GetScheduleStatus(grpc::ServerContext* context,
                                            const v1::GetScheduleStatusRequest* request,
                                            v1::GetScheduleStatusResponse* response) {
  return Serve("GetScheduleStatus", *context, *request, [&](const engine::Caller&) -> Result<> {
    MATIC_ASSIGN(const engine::Schedule schedule, engine_.GetSchedule(request->schedule_id()));
    *response->mutable_schedule() = ToMessage(schedule);
    return {};
  });
}

grpc::Status NodeService::ListSchedules(grpc::ServerContext* context,
                                        const v1::ListSchedulesRequest* request,
                                        v1::ListSchedulesResponse* response) {
  return Serve("ListSchedules", *context, *request, [&](const engine::Caller&) -> Result<> {
    size_t bytes = 0;
    for (const engine::Schedule& schedule : engine_.ListSchedules(ListLimit(request->limit()))) {
      v1::Schedule message = ToMessage(schedule);
      bytes += message.ByteSizeLong() + 8;
      if (bytes > kMaxListBytes) break;
      *response->add_schedules() = std::move(message);
    }
    return {};
  });
}

grpc::Status NodeService::CancelSchedule(grpc::ServerContext* context,
                                         const v1::CancelScheduleRequest* request,
                                         v1::CancelScheduleResponse* response) {
  return Serve("CancelSchedule", *context, *request, [&](const engine::Caller& who) -> Result<> {
    MATIC_ASSIGN(const engine::Schedule schedule,
                 engine_.CancelSchedule(request->schedule_id(), request->reason(), who));
    *response->mutable_schedule() = ToMessage(schedule);
    return {};
  });
}

grpc::Status NodeService::WatchSchedule(grpc::ServerContext* context,
                                        const v1::WatchScheduleRequest* request,
                                        grpc::ServerWriter<v1::WatchScheduleResponse>* writer) {
  return Serve("WatchSchedule", *context, *request, [&](const engine::Caller&) -> Result<> {
    return Watch(request->schedule_id(), *context, *writer);
  });
}

Result<> NodeService::Watch(const std::string& asked, grpc::ServerContext& context,
                            grpc::ServerWriter<v1::WatchScheduleResponse>& writer) {
  // The newest is looked up once: a watch stays with its schedule when another is made.
  MATIC_ASSIGN(const engine::Schedule named, engine_.GetSchedule(asked));
  MATIC_ASSIGN(engine::Engine::Change change, engine_.WaitForChange(named.id, 0, kWatchInterval));
  std::optional<uint64_t> seen;
  while (!context.IsCancelled()) {
    if (change.revision != seen) {
      seen = change.revision;
      v1::WatchScheduleResponse message;
      *message.mutable_schedule() = ToMessage(change.schedule);
      if (!writer.Write(message)) break;  // hung up
      if (engine::HasEnded(change.schedule.state)) return {};
    }
    MATIC_ASSIGN(change, NextChange(change));
  }
  return Fail(ErrorCode::kCancelled, "the watch was given up");
}

grpc::Status NodeService::GetHealth(grpc::ServerContext* context,
                                    const v1::GetHealthRequest* request,
                                    v1::GetHealthResponse* response) {
  return Serve("GetHealth", *context, *request, [&](const engine::Caller&) -> Result<> {
    return AtLength(*context, [&](std::stop_token stop) -> Result<> {
      MATIC_ASSIGN(const health::Report report,
                   engine_.GetHealth(request->refresh(), std::move(stop)));
      *response = ToMessage(report);
      return {};
    });
  });
}

grpc::Status NodeService::TriggerRollback(grpc::ServerContext* context,
                                          const v1::TriggerRollbackRequest* request,
                                          v1::TriggerRollbackResponse* response) {
  return Serve("TriggerRollback", *context, *request, [&](const engine::Caller& who) -> Result<> {
    MATIC_ASSIGN(const engine::Rollback rollback,
                 engine_.TriggerRollback({.reason = request->reason(),
                                          .generation = request->to_generation(),
                                          .golden = request->to_golden()},
                                         who));
    response->set_from(rollback.from);
    response->set_to(rollback.to);
    return {};
  });
}

grpc::Status NodeService::GetRollbackHistory(grpc::ServerContext* context,
                                             const v1::GetRollbackHistoryRequest* request,
                                             v1::GetRollbackHistoryResponse* response) {
  return Serve("GetRollbackHistory", *context, *request, [&](const engine::Caller&) -> Result<> {
    MATIC_ASSIGN(const std::vector<engine::RollbackRecord> records,
                 engine_.GetRollbackHistory(ListLimit(request->limit())));
    size_t bytes = 0;
    for (const engine::RollbackRecord& record : records) {
      v1::RollbackRecord message = ToMessage(record);
      bytes += message.ByteSizeLong() + 8;
      if (bytes > kMaxListBytes) break;
      *response->add_records() = std::move(message);
    }
    return {};
  });
}

grpc::Status NodeService::GetHistory(grpc::ServerContext* context,
                                     const v1::GetHistoryRequest* request,
                                     v1::GetHistoryResponse* response) {
  return Serve("GetHistory", *context, *request, [&](const engine::Caller&) -> Result<> {
    std::optional<WallTime> since;
    if (request->has_since()) since = WallTime(std::chrono::seconds(request->since().seconds()));
    MATIC_ASSIGN(const std::vector<engine::HistoryEvent> events,
                 engine_.GetHistory(ListLimit(request->limit()), since));
    size_t bytes = 0;
    for (const engine::HistoryEvent& event : events) {
      v1::HistoryEvent message = ToMessage(event);
      bytes += message.ByteSizeLong() + 8;
      if (bytes > kMaxListBytes) break;
      *response->add_events() = std::move(message);
    }
    return {};
  });
}

grpc::Status NodeService::AcquireLease(grpc::ServerContext* context,
                                       const v1::AcquireLeaseRequest* request,
                                       v1::AcquireLeaseResponse* response) {
  return Serve("AcquireLease", *context, *request, [&](const engine::Caller& who) -> Result<> {
    MATIC_ASSIGN(const engine::Lease lease,
                 engine_.AcquireLease({.fleet = request->fleet(),
                                       .run = request->run(),
                                       .holder = request->holder(),
                                       .duration = std::chrono::seconds(request->seconds())},
                                      who));
    *response->mutable_lease() = ToMessage(lease);
    return {};
  });
}

grpc::Status NodeService::ReleaseLease(grpc::ServerContext* context,
                                       const v1::ReleaseLeaseRequest* request,
                                       v1::ReleaseLeaseResponse*) {
  return Serve("ReleaseLease", *context, *request, [&](const engine::Caller& who) {
    return engine_.ReleaseLease(request->run(), who);
  });
}

grpc::Status NodeService::StopRun(grpc::ServerContext* context, const v1::StopRunRequest* request,
                                  v1::StopRunResponse* response) {
  return Serve("StopRun", *context, *request, [&](const engine::Caller& who) -> Result<> {
    MATIC_ASSIGN(const engine::StoppedRun stopped,
                 engine_.StopRun(request->run(), request->revert(), who));
    *response->mutable_lease() = ToMessage(stopped.lease);
    if (stopped.schedule) *response->mutable_schedule() = ToMessage(*stopped.schedule);
    response->set_rolling_back(stopped.rolling_back);
    return {};
  });
}

grpc::Status NodeService::Reboot(grpc::ServerContext* context, const v1::RebootRequest* request,
                                 v1::RebootResponse* response) {
  return Serve("Reboot", *context, *request, [&](const engine::Caller& who) -> Result<> {
    MATIC_ASSIGN(const bool given_back, engine_.Reboot(request->reason(), who));
    response->set_try_given_back(given_back);
    return {};
  });
}

}  // namespace matic::api
