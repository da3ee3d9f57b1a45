// matic.v1.Node: authorises, checks the request, asks the engine, translates the answer. No
// decision about updates is taken here.
#pragma once

#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "agent/api/audit.h"
#include "agent/api/calls.h"
#include "agent/api/channel_look.h"
#include "agent/api/rules.h"
#include "agent/engine/engine.h"
#include "matic/v1/node.grpc.pb.h"

namespace matic::api {

// What GetStatus tells beside what the engine knows.
struct ServingState {
  std::optional<WallTime> certificate_expiry;
  std::vector<std::string> problems;
  std::optional<ChannelLook> channel;  // none is configured
};

class NodeService final : public v1::Node::Service {
 public:
  // Proves who calls. A call that nobody can be named for gets no role, and so no answer.
  using Identify = std::function<Identity(const grpc::ServerContext&)>;

  NodeService(engine::Engine& engine, AuditLog& audit, Identify identify,
              std::function<ServingState()> serving_state, Calls::HangUp hang_up);

  // Those of the server that serves this.
  Calls& calls() { return calls_; }

  // Ends every watch, so that the server can shut down. Later watches end at once.
  void Stop();

  grpc::Status GetStatus(grpc::ServerContext* context, const v1::GetStatusRequest* request,
                         v1::GetStatusResponse* response) override;
  grpc::Status ScheduleUpdate(grpc::ServerContext* context,
                              const v1::ScheduleUpdateRequest* request,
                              v1::ScheduleUpdateResponse* response) override;
  grpc::Status PlanUpdate(grpc::ServerContext* context, const v1::PlanUpdateRequest* request,
                          v1::PlanUpdateResponse* response) override;
  grpc::Status ActivateUpdate(grpc::ServerContext* context,
                              const v1::ActivateUpdateRequest* request,
                              v1::ActivateUpdateResponse* response) override;
  grpc::Status GetScheduleStatus(grpc::ServerContext* context,
                                 const v1::GetScheduleStatusRequest* request,
                                 v1::GetScheduleStatusResponse* response) override;
  grpc::Status ListSchedules(grpc::ServerContext* context, const v1::ListSchedulesRequest* request,
                             v1::ListSchedulesResponse* response) override;
  grpc::Status CancelSchedule(grpc::ServerContext* context,
                              const v1::CancelScheduleRequest* request,
                              v1::CancelScheduleResponse* response) override;
  grpc::Status WatchSchedule(grpc::ServerContext* context, const v1::WatchScheduleRequest* request,
                             grpc::ServerWriter<v1::WatchScheduleResponse>* writer) override;
  grpc::Status GetHealth(grpc::ServerContext* context, const v1::GetHealthRequest* request,
                         v1::GetHealthResponse* response) override;
  grpc::Status TriggerRollback(grpc::ServerContext* context,
                               const v1::TriggerRollbackRequest* request,
                               v1::TriggerRollbackResponse* response) override;
  grpc::Status GetRollbackHistory(grpc::ServerContext* context,
                                  const v1::GetRollbackHistoryRequest* request,
                                  v1::GetRollbackHistoryResponse* response) override;
  grpc::Status GetHistory(grpc::ServerContext* context, const v1::GetHistoryRequest* request,
                          v1::GetHistoryResponse* response) override;
  grpc::Status AcquireLease(grpc::ServerContext* context, const v1::AcquireLeaseRequest* request,
                            v1::AcquireLeaseResponse* response) override;
  grpc::Status ReleaseLease(grpc::ServerContext* context, const v1::ReleaseLeaseRequest* request,
                            v1::ReleaseLeaseResponse* response) override;
  grpc::Status StopRun(grpc::ServerContext* context, const v1::StopRunRequest* request,
                       v1::StopRunResponse* response) override;
  grpc::Status Reboot(grpc::ServerContext* context, const v1::RebootRequest* request,
                      v1::RebootResponse* response) override;

 private:
  // The way of every call: who, may they, is there a place, is the request within its limits, then
  // `act`; then the audit line of a change, and the error's status.
  template <typename Request>
  grpc::Status Serve(std::string_view method, grpc::ServerContext& context, const Request& request,
                     const std::function<Result<>(const engine::Caller&)>& act);

  // Of a call that takes long: when it is to end.
  Result<> AtLength(grpc::ServerContext& context,
                    const std::function<Result<>(std::stop_token)>& act);
  Result<> Watch(const std::string& id, grpc::ServerContext& context,
                 grpc::ServerWriter<v1::WatchScheduleResponse>& writer);
  Result<engine::Engine::Change> NextChange(const engine::Engine::Change& told);

  engine::Engine& engine_;
  AuditLog& audit_;
  Identify identify_;
  std::function<ServingState()> serving_state_;
  std::stop_source stop_;
  Calls calls_;
};

}  // namespace matic::api
