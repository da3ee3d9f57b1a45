// A machine of a fleet, as whoever works on it sees it: its agent's API
// (proto/matic/v1/node.proto).
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "lib/base/result.h"
#include "matic/v1/node.pb.h"
#include "osctl/fleet/inventory/inventory.h"

namespace matic::fleet {

// Each call waits no longer than some seconds for its answer, unless it says otherwise; one that is
// not reached is kUnavailable or kDeadline. Not thread-safe.
class Node {
 public:
  virtual ~Node() = default;

  virtual Result<v1::GetStatusResponse> GetStatus() = 0;
  // `refresh` runs the checks now, within `limit`.
  virtual Result<v1::GetHealthResponse> GetHealth(bool refresh,
                                                  std::chrono::milliseconds limit) = 0;
  virtual Result<v1::PlanUpdateResponse> PlanUpdate(const v1::ScheduleUpdateRequest& request) = 0;
  virtual Result<v1::Schedule> ScheduleUpdate(const v1::ScheduleUpdateRequest& request) = 0;
  virtual Result<v1::Schedule> GetSchedule(const std::string& id) = 0;
  virtual Result<v1::Schedule> Activate(const std::string& schedule, const std::string& run) = 0;
  virtual Result<v1::Schedule> Cancel(const std::string& schedule, const std::string& reason) = 0;
  virtual Result<> Rollback(const v1::TriggerRollbackRequest& request) = 0;
  virtual Result<> Reboot(const std::string& reason) = 0;
  virtual Result<> AcquireLease(const v1::AcquireLeaseRequest& request) = 0;
  virtual Result<> ReleaseLease(const std::string& run) = 0;
  virtual Result<v1::StopRunResponse> StopRun(const std::string& run, bool revert) = 0;
};

// Where nodes come from. Thread-safe.
class Nodes {
 public:
  virtual ~Nodes() = default;
  // Connects at the node's first call. kInvalidArgument, kPermission: never will.
  virtual Result<std::unique_ptr<Node>> Open(const Address& address) = 0;
};

}  // namespace matic::fleet
