// A machine with two slots as its agent's API shows it, without a machine: its phases follow from
// the time that has passed since it was asked to do something.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/result.h"
#include "matic/v1/node.pb.h"

namespace matic::fleetsim {

using Moment = std::chrono::steady_clock::time_point;

enum class Fault {
  kNone,
  kOffline,       // answers nothing
  kSlow,          // takes its time for each answer, and ten times as long to stage
  kSick,          // the new system fails its health check, and the machine goes back by itself
  kUnhealthy,     // before anything is done
  kDies,          // stays away after the reboot into the new system
  kOldSystem,     // comes back on the old system
  kStagingFails,  // what it is updated to cannot be fetched
  kLies,          // says that manifests name another image, and takes any
};

// "none", "offline", "slow", "sick", "unhealthy", "dies", "old-system", "staging-fails",
// "lies".
std::string_view FaultName(Fault fault);
std::optional<Fault> ParseFault(std::string_view name);

struct Pace {
  std::chrono::milliseconds stage{1000};
  std::chrono::milliseconds reboot{1000};
  std::chrono::milliseconds trial{1000};
};

// What PlanUpdate makes of a channel, and what machines run before.
inline constexpr std::string_view kOldVersion = "1.0";
inline constexpr std::string_view kNewVersion = "2.0";
std::string OldDigest();
std::string NewDigest();
std::string LiedDigest();

int64_t WallSeconds();  // since 1970

// What has happened to it, for tests.
struct Counts {
  int staged = 0;
  int activated = 0;
  int reboots = 0;
  int went_back = 0;
  int unanswered = 0;  // calls while it was not there
};

// Not thread-safe. Every call says when it comes; a machine that is not there is kUnavailable.
class SimulatedNode {
 public:
  SimulatedNode(std::string name, Pace pace);

  Result<v1::GetStatusResponse> GetStatus(Moment now);
  Result<v1::GetHealthResponse> GetHealth(Moment now);
  Result<v1::PlanUpdateResponse> PlanUpdate(const v1::ScheduleUpdateRequest& request, Moment now);
  Result<v1::Schedule> ScheduleUpdate(const v1::ScheduleUpdateRequest& request, Moment now);
  Result<v1::Schedule> GetSchedule(const std::string& id, Moment now);
  Result<v1::Schedule> Activate(const std::string& id, const std::string& run, Moment now);
  Result<v1::Schedule> Cancel(const std::string& id, const std::string& reason, Moment now);
  Result<v1::TriggerRollbackResponse> Rollback(Moment now);
  Result<v1::RebootResponse> Reboot(Moment now);
  Result<v1::Lease> AcquireLease(const v1::AcquireLeaseRequest& request, Moment now);
  Result<v1::ReleaseLeaseResponse> ReleaseLease(const std::string& run, Moment now);
  Result<v1::StopRunResponse> StopRun(const v1::StopRunRequest& request, Moment now);

  void SetFault(Fault fault) { fault_ = fault; }
  Fault fault() const { return fault_; }
  const std::string& name() const { return name_; }

  // As it is, whether it would answer or not.
  void Advance(Moment now);
  const Counts& counts() const { return counts_; }
  const std::string& running_version() const { return slots_[running_].version; }
  const std::string& running_digest() const { return slots_[running_].digest; }
  const std::string& holder() const { return lease_.run(); }
  v1::ScheduleState newest_state() const;

 private:
  enum class Doing {
    kNothing,
    kStaging,
    kStaged,
    kRebooting,  // into the new system
    kOnTrial,
    kGoingBack,   // reboots into the old one
    kRestarting,  // into the same
    kAway,
  };
  struct Slot {
    std::string version;
    std::string digest;
  };

  bool Step(Moment now);  // whether it got any further
  Result<> Arrive(Moment now);
  void Enter(Doing doing, Moment since);
  void BootInto(size_t slot);
  void End(v1::ScheduleState state, const std::string& reason);
  void GoBack(v1::ScheduleState end, const std::string& reason, Moment now);
  v1::Schedule Shown(Moment now) const;
  v1::Phase PhaseAt(Moment now) const;
  v1::Schedule* Find(const std::string& id);
  Result<> CheckLease(const std::string& run) const;
  bool LeaseIsOver() const;
  std::chrono::milliseconds StageTime() const;
  std::string WhyNotStaged();
  v1::Schedule& newest() { return schedules_.back(); }
  bool IsOpen() const;

  const std::string name_;
  const Pace pace_;
  Fault fault_ = Fault::kNone;
  std::array<Slot, 2> slots_;
  size_t running_ = 0;
  Doing doing_ = Doing::kNothing;
  Moment since_{};
  int boots_ = 1;
  v1::ScheduleState end_{};  // of the schedule, once it has gone back
  std::string end_reason_;
  v1::Lease lease_;  // no run: nobody's
  std::vector<v1::Schedule> schedules_;
  Counts counts_;
};

}  // namespace matic::fleetsim
