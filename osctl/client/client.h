// One node's API, as the commands use it. Errors say what happened, why, and what to do next.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "lib/base/result.h"
#include "matic/v1/node.pb.h"
#include "osctl/client/identity.h"

namespace matic::osctl {

// Which node, and how long it may take to answer.
struct Endpoint {
  std::string node{};  // HOST[:PORT], by mutual TLS; empty: the agent of this machine, by `socket`
  std::string socket = "/run/matic/agent.sock";
  std::string pki_dir{};                       // empty: ~/.config/matic/pki
  std::shared_ptr<const Identity> identity{};  // none: read from `pki_dir`
  std::chrono::milliseconds call_time{30'000};
};

class Client {
 public:
  // Reads the certificates where it was given none; connects at the first call. kPermission where
  // they are missing.
  static Result<std::unique_ptr<Client>> Make(const Endpoint& endpoint);
  ~Client();

  // A call is given up after Endpoint::call_time. A node that cannot be reached is kUnavailable.
  Result<v1::GetStatusResponse> GetStatus(const v1::GetStatusRequest& request);
  Result<v1::ScheduleUpdateResponse> ScheduleUpdate(const v1::ScheduleUpdateRequest& request);
  Result<v1::PlanUpdateResponse> PlanUpdate(const v1::PlanUpdateRequest& request);
  Result<v1::ActivateUpdateResponse> ActivateUpdate(const v1::ActivateUpdateRequest& request);
  Result<v1::GetScheduleStatusResponse> GetScheduleStatus(
      const v1::GetScheduleStatusRequest& request);
  Result<v1::ListSchedulesResponse> ListSchedules(const v1::ListSchedulesRequest& request);
  Result<v1::CancelScheduleResponse> CancelSchedule(const v1::CancelScheduleRequest& request);
  Result<v1::GetHealthResponse> GetHealth(const v1::GetHealthRequest& request);
  // Given up after `limit`, which may be longer than other calls take.
  Result<v1::GetHealthResponse> GetHealth(const v1::GetHealthRequest& request,
                                          std::chrono::milliseconds limit);
  Result<v1::TriggerRollbackResponse> TriggerRollback(const v1::TriggerRollbackRequest& request);
  Result<v1::GetRollbackHistoryResponse> GetRollbackHistory(
      const v1::GetRollbackHistoryRequest& request);
  Result<v1::GetHistoryResponse> GetHistory(const v1::GetHistoryRequest& request);
  Result<v1::AcquireLeaseResponse> AcquireLease(const v1::AcquireLeaseRequest& request);
  Result<v1::ReleaseLeaseResponse> ReleaseLease(const v1::ReleaseLeaseRequest& request);
  Result<v1::StopRunResponse> StopRun(const v1::StopRunRequest& request);
  Result<v1::RebootResponse> Reboot(const v1::RebootRequest& request);

  // Calls `changed` for every message, and `tick` every quarter of a second or so, until the stream
  // ends. Where `tick` returns false the stream is given up: kCancelled.
  Result<> Watch(const v1::WatchScheduleRequest& request,
                 const std::function<void(const v1::WatchScheduleResponse&)>& changed,
                 const std::function<bool()>& tick);

 private:
  class Connection;
  explicit Client(std::unique_ptr<Connection> connection);
  std::unique_ptr<Connection> connection_;
};

}  // namespace matic::osctl
