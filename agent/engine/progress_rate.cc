#include "agent/engine/progress_rate.h"

namespace matic::engine {

std::optional<Progress> ProgressRate::Next(const StageProgress& progress) {
  const BootTime now = clock_.SinceBoot();
  if (!phase_ || *phase_ != progress.phase) {
    phase_ = progress.phase;
    began_ = now;
    began_at_ = progress.bytes_done;
  } else if (now - told_ < std::chrono::milliseconds(250)) {
    return std::nullopt;
  }
  told_ = now;
  const double seconds = std::chrono::duration<double>(now - began_).count();
  const double bytes = static_cast<double>(progress.bytes_done - began_at_);
  return Progress{.bytes_done = progress.bytes_done,
                  .bytes_total = progress.bytes_total,
                  .bytes_per_second = seconds > 0 ? static_cast<uint64_t>(bytes / seconds) : 0};
}

}  // namespace matic::engine
