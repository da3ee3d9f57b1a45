// Whether systemd units are active.
#pragma once

#include "agent/health/check_runner.h"
#include "lib/os/process_runner.h"

namespace matic::health {

// Asks systemctl. A unit that is activating has not passed yet, which also holds for one that
// systemd keeps restarting.
class ServiceCheck final : public Check {
 public:
  ServiceCheck(bool critical, std::vector<std::string> units, ProcessRunner& processes);

  std::string name() const override { return "service"; }
  bool critical() const override { return critical_; }
  // "matic-agent.service is active", or every unit that is not: "nginx.service is failed".
  Finding Run(std::stop_token stop) override;

 private:
  bool critical_;
  std::vector<std::string> units_;
  ProcessRunner& processes_;
};

}  // namespace matic::health
