#include "agent/health/boot_check.h"

namespace matic::health {

BootCheck::BootCheck(const config::BootCheck& check, Clock& clock)
    : ConfiguredCheck("boot", check.settings), min_uptime_(check.min_uptime), clock_(clock) {}

Finding BootCheck::Run(std::stop_token) {
  const BootTime up = clock_.SinceBoot();
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(up).count();
  std::string output = "up " + std::to_string(seconds) + " s";
  if (up > min_uptime_) return {true, output};
  return {false, output + ", must be more than " + std::to_string(min_uptime_.count()) + " s"};
}

}  // namespace matic::health
