// Whether systemd knows of failed units.
#pragma once

#include "agent/health/configured_check.h"
#include "lib/os/process_runner.h"

namespace matic::health {

class FailedUnitsCheck final : public ConfiguredCheck {
 public:
  FailedUnitsCheck(const config::FailedUnitsCheck& check, ProcessRunner& processes);

  // "no failed units", or the first few: "failed: a.service, b.mount".
  Finding Run(std::stop_token stop) override;

 private:
  std::vector<std::string> ignored_;
  ProcessRunner& processes_;
};

}  // namespace matic::health
