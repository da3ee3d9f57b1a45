// What people see while an update runs: a line a phase, the present one drawn anew on a terminal.
// Pure but for its LineWriter: what happened and when is told to it.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "matic/v1/node.pb.h"
#include "osctl/render/terminal.h"

namespace matic::osctl {

class ScheduleView {
 public:
  // Time since any fixed moment.
  using Time = std::chrono::milliseconds;

  explicit ScheduleView(LineWriter& lines) : lines_(lines) {}

  // The schedule as it is now.
  void Update(const v1::Schedule& schedule, Time now);
  // The checks of a system on trial.
  void UpdateHealth(const v1::GetHealthResponse& health);

  // The node does not answer; called again and again while that lasts.
  void Lost(const std::string& why, Time now);
  // It does again.
  void Back(Time now);

  // The last line. `status` is the node's after the update, where it could be had.
  void End(const v1::Schedule& schedule, const std::optional<v1::GetStatusResponse>& status);

 private:
  void BeginPhase(const v1::Schedule& schedule, Time now);
  void EndPhase(bool succeeded, Time now);
  void ShowTransfer(const v1::Schedule& schedule, Time now);
  std::string RebootText() const;

  LineWriter& lines_;
  v1::Schedule schedule_;  // as last shown
  v1::Phase phase_ = v1::PHASE_UNSPECIFIED;
  Time phase_began_{0};
  int printed_percent_ = 0;  // in a pipe
  Time printed_at_{0};
  std::string printed_health_;
  std::optional<Time> lost_at_;
};

}  // namespace matic::osctl
