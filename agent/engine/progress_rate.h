// How fast staging goes, told a few times a second at most.
#pragma once

#include <optional>

#include "agent/engine/backend.h"
#include "agent/engine/schedule.h"
#include "lib/os/clock.h"

namespace matic::engine {

// Bytes a second since the phase began.
class ProgressRate {
 public:
  explicit ProgressRate(Clock& clock) : clock_(clock) {}

  // Nothing while the last answer is younger than a quarter of a second.
  std::optional<Progress> Next(const StageProgress& progress);

 private:
  Clock& clock_;
  std::optional<StagePhase> phase_;
  BootTime began_{0};
  BootTime told_{0};
  uint64_t began_at_ = 0;
};

}  // namespace matic::engine
