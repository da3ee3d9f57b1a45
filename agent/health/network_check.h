// Whether a network interface is up.
#pragma once

#include "agent/health/check_runner.h"

namespace matic::health {

struct Interface {
  std::string name;
  unsigned flags;  // IFF_*, netdevice(7)
};

// Every interface once, in the kernel's order.
Result<std::vector<Interface>> ListInterfaces();

// Passes when one that is not a loopback is up and has a carrier.
Finding JudgeInterfaces(const std::vector<Interface>& interfaces);

class NetworkCheck final : public Check {
 public:
  explicit NetworkCheck(bool critical) : critical_(critical) {}

  std::string name() const override { return "network"; }
  bool critical() const override { return critical_; }
  Finding Run(std::stop_token stop) override;

 private:
  bool critical_;
};

}  // namespace matic::health
