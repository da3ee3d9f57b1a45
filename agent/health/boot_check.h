// Whether the system has been up for a while.
#pragma once

#include "agent/health/check_runner.h"

namespace matic::health {

class BootCheck final : public Check {
 public:
  BootCheck(bool critical, std::chrono::seconds min_uptime, Clock& clock);

  std::string name() const override { return "boot"; }
  bool critical() const override { return critical_; }
  Finding Run(std::stop_token stop) override;

 private:
  bool critical_;
  std::chrono::seconds min_uptime_;
  Clock& clock_;
};

}  // namespace matic::health
