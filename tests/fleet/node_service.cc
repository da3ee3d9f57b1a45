#include "tests/fleet/node_service.h"

#include <grpcpp/alarm.h>

#include <utility>

#include "lib/rpc/status.h"

namespace matic::fleetsim {
namespace {

// Answers when its time has come, and no thread waits for that.
class LateReactor final : public grpc::ServerUnaryReactor {
 public:
  LateReactor(grpc::Status status, std::chrono::milliseconds after) : status_(std::move(status)) {
    alarm_.Set(std::chrono::system_clock::now() + after, [this](bool) { Finish(status_); });
  }
  void OnDone() override { delete this; }

 private:
  const grpc::Status status_;
  grpc::Alarm alarm_;
};

}  // namespace

template <typename Work, typename Fill>
grpc::ServerUnaryReactor* NodeService::Answer(Context* context, const Work& work,
                                              const Fill& fill) {
  const std::scoped_lock lock(mutex_);
  auto result = work(node_, std::chrono::steady_clock::now());
  grpc::Status status;
  if (result) {
    fill(*std::move(result));
  } else {
    status = rpc::ToStatus(result.error(), *context);
  }
  if (node_.fault() == Fault::kSlow) return new LateReactor(std::move(status), slow_);
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  reactor->Finish(status);
  return reactor;
}

grpc::ServerUnaryReactor* NodeService::GetStatus(Context* context, const v1::GetStatusRequest*,
                                                 v1::GetStatusResponse* response) {
  return Answer(
      context, [](SimulatedNode& node, Moment now) { return node.GetStatus(now); },
      [&](v1::GetStatusResponse status) { *response = std::move(status); });
}

grpc::ServerUnaryReactor* NodeService::GetHealth(Context* context, const v1::GetHealthRequest*,
                                                 v1::GetHealthResponse* response) {
  return Answer(
      context, [](SimulatedNode& node, Moment now) { return node.GetHealth(now); },
      [&](v1::GetHealthResponse health) { *response = std::move(health); });
}

grpc::ServerUnaryReactor* NodeService::PlanUpdate(Context* context,
                                                  const v1::PlanUpdateRequest* request,
                                                  v1::PlanUpdateResponse* response) {
  return Answer(
      context,
      [&](SimulatedNode& node, Moment now) { return node.PlanUpdate(request->update(), now); },
      [&](v1::PlanUpdateResponse plan) { *response = std::move(plan); });
}

grpc::ServerUnaryReactor* NodeService::ScheduleUpdate(Context* context,
                                                      const v1::ScheduleUpdateRequest* request,
                                                      v1::ScheduleUpdateResponse* response) {
  return Answer(
      context, [&](SimulatedNode& node, Moment now) { return node.ScheduleUpdate(*request, now); },
      [&](v1::Schedule schedule) { *response->mutable_schedule() = std::move(schedule); });
}

grpc::ServerUnaryReactor* NodeService::GetScheduleStatus(
    Context* context, const v1::GetScheduleStatusRequest* request,
    v1::GetScheduleStatusResponse* response) {
  return Answer(
      context,
      [&](SimulatedNode& node, Moment now) {
        return node.GetSchedule(request->schedule_id(), now);
      },
      [&](v1::Schedule schedule) { *response->mutable_schedule() = std::move(schedule); });
}

grpc::ServerUnaryReactor* NodeService::ActivateUpdate(Context* context,
                                                      const v1::ActivateUpdateRequest* request,
                                                      v1::ActivateUpdateResponse* response) {
  return Answer(
      context,
      [&](SimulatedNode& node, Moment now) {
        return node.Activate(request->schedule_id(), request->run(), now);
      },
      [&](v1::Schedule schedule) { *response->mutable_schedule() = std::move(schedule); });
}

grpc::ServerUnaryReactor* NodeService::CancelSchedule(Context* context,
                                                      const v1::CancelScheduleRequest* request,
                                                      v1::CancelScheduleResponse* response) {
  return Answer(
      context,
      [&](SimulatedNode& node, Moment now) {
        return node.Cancel(request->schedule_id(), request->reason(), now);
      },
      [&](v1::Schedule schedule) { *response->mutable_schedule() = std::move(schedule); });
}

grpc::ServerUnaryReactor* NodeService::TriggerRollback(Context* context,
                                                       const v1::TriggerRollbackRequest*,
                                                       v1::TriggerRollbackResponse* response) {
  return Answer(
      context, [](SimulatedNode& node, Moment now) { return node.Rollback(now); },
      [&](v1::TriggerRollbackResponse done) { *response = std::move(done); });
}

grpc::ServerUnaryReactor* NodeService::Reboot(Context* context, const v1::RebootRequest*,
                                              v1::RebootResponse* response) {
  return Answer(
      context, [](SimulatedNode& node, Moment now) { return node.Reboot(now); },
      [&](v1::RebootResponse done) { *response = std::move(done); });
}

grpc::ServerUnaryReactor* NodeService::AcquireLease(Context* context,
                                                    const v1::AcquireLeaseRequest* request,
                                                    v1::AcquireLeaseResponse* response) {
  return Answer(
      context, [&](SimulatedNode& node, Moment now) { return node.AcquireLease(*request, now); },
      [&](v1::Lease lease) { *response->mutable_lease() = std::move(lease); });
}

grpc::ServerUnaryReactor* NodeService::ReleaseLease(Context* context,
                                                    const v1::ReleaseLeaseRequest* request,
                                                    v1::ReleaseLeaseResponse* response) {
  return Answer(
      context,
      [&](SimulatedNode& node, Moment now) { return node.ReleaseLease(request->run(), now); },
      [&](v1::ReleaseLeaseResponse done) { *response = std::move(done); });
}

grpc::ServerUnaryReactor* NodeService::StopRun(Context* context, const v1::StopRunRequest* request,
                                               v1::StopRunResponse* response) {
  return Answer(
      context, [&](SimulatedNode& node, Moment now) { return node.StopRun(*request, now); },
      [&](v1::StopRunResponse done) { *response = std::move(done); });
}

}  // namespace matic::fleetsim
