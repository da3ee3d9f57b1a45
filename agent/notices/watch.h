// What people are told that no history tells: what lasts too long, what turns bad outside of an
// update, what ends soon. Pure: the caller looks and brings the time. It begins anew with the
// agent, so what is still bad is told again then.
#pragma once

#include <chrono>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "agent/engine/schedule.h"
#include "agent/health/report.h"
#include "lib/notify/message.h"
#include "lib/os/clock.h"

namespace matic::notices {

// Messages have no node and no time yet.
class Watch {
 public:
  explicit Watch(std::chrono::seconds long_running);

  // Once for each schedule and phase that lasts too long. Waiting for a window, for checks or for a
  // person does not count.
  std::optional<notify::Message> LookAt(const engine::Schedule& schedule, BootTime now);

  // When it gets worse, and when all is well again. For reports outside of a trial: its verdict is
  // told as the update's end.
  std::optional<notify::Message> LookAt(const health::Report& report);

  // The API's certificate: once 30, 7 and 1 days before its end, and at its end.
  std::optional<notify::Message> LookAtCertificate(WallTime not_after, WallTime now);

 private:
  using Step = std::pair<std::string, engine::Phase>;

  std::chrono::seconds long_running_;
  Step step_;
  BootTime step_began_{0};
  std::set<Step> told_steps_;  // of the schedule in step_
  health::HealthState health_ = health::HealthState::kHealthy;
  WallTime not_after_;
  size_t told_marks_ = 0;
};

}  // namespace matic::notices
