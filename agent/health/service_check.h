// Whether systemd units are active.
#pragma once

#include "agent/health/configured_check.h"
#include "lib/os/process_runner.h"

namespace matic::health {

// Asks systemctl. A unit that is activating has not passed yet, which also holds for one that
// systemd keeps restarting.
class ServiceCheck final : public ConfiguredCheck {
 public:
  ServiceCheck(const config::ServiceCheck& check, ProcessRunner& processes);

  // "matic-agent.service is active", or every unit that is not: "nginx.service is failed".
  Finding Run(std::stop_token stop) override;

 private:
  std::vector<std::string> units_;
  ProcessRunner& processes_;
};

}  // namespace matic::health
