// The API of simulated machines over gRPC. One thread pool of gRPC's serves them all.
#pragma once

#include <grpcpp/support/server_callback.h>

#include <chrono>
#include <mutex>
#include <string>

#include "matic/v1/node.grpc.pb.h"
#include "tests/fleet/simulated_node.h"

namespace matic::fleetsim {

// Thread-safe. Whoever may connect may do everything.
class NodeService final : public v1::Node::CallbackService {
 public:
  NodeService(std::string name, Pace pace, std::chrono::milliseconds slow)
      : node_(std::move(name), pace), slow_(slow) {}

  template <typename Work>
  auto With(Work work) {
    const std::scoped_lock lock(mutex_);
    return work(node_);
  }

  using Context = grpc::CallbackServerContext;
  using Reactor = grpc::ServerUnaryReactor;
  Reactor* GetStatus(Context* context, const v1::GetStatusRequest* request,
                     v1::GetStatusResponse* response) override;
  Reactor* GetHealth(Context* context, const v1::GetHealthRequest* request,
                     v1::GetHealthResponse* response) override;
  Reactor* PlanUpdate(Context* context, const v1::PlanUpdateRequest* request,
                      v1::PlanUpdateResponse* response) override;
  Reactor* ScheduleUpdate(Context* context, const v1::ScheduleUpdateRequest* request,
                          v1::ScheduleUpdateResponse* response) override;
  Reactor* GetScheduleStatus(Context* context, const v1::GetScheduleStatusRequest* request,
                             v1::GetScheduleStatusResponse* response) override;
  Reactor* ActivateUpdate(Context* context, const v1::ActivateUpdateRequest* request,
                          v1::ActivateUpdateResponse* response) override;
  Reactor* CancelSchedule(Context* context, const v1::CancelScheduleRequest* request,
                          v1::CancelScheduleResponse* response) override;
  Reactor* TriggerRollback(Context* context, const v1::TriggerRollbackRequest* request,
                           v1::TriggerRollbackResponse* response) override;
  Reactor* Reboot(Context* context, const v1::RebootRequest* request,
                  v1::RebootResponse* response) override;
  Reactor* AcquireLease(Context* context, const v1::AcquireLeaseRequest* request,
                        v1::AcquireLeaseResponse* response) override;
  Reactor* ReleaseLease(Context* context, const v1::ReleaseLeaseRequest* request,
                        v1::ReleaseLeaseResponse* response) override;
  Reactor* StopRun(Context* context, const v1::StopRunRequest* request,
                   v1::StopRunResponse* response) override;

 private:
  // Does the work under the lock, and answers with the error or what `fill` makes of the result.
  template <typename Work, typename Fill>
  Reactor* Answer(Context* context, const Work& work, const Fill& fill);

  std::mutex mutex_;
  SimulatedNode node_;
  const std::chrono::milliseconds slow_;
};

}  // namespace matic::fleetsim
