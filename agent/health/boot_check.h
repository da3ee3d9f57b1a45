// Whether the system has been up for a while.
#pragma once

#include "agent/health/configured_check.h"

namespace matic::health {

class BootCheck final : public ConfiguredCheck {
 public:
  BootCheck(const config::BootCheck& check, Clock& clock);

  Finding Run(std::stop_token stop) override;

 private:
  std::chrono::seconds min_uptime_;
  Clock& clock_;
};

}  // namespace matic::health
