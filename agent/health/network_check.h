// Whether a network interface is up.
#pragma once

#include "agent/health/configured_check.h"

namespace matic::health {

struct Interface {
  std::string name;
  unsigned flags;  // IFF_*, netdevice(7)
};

// Every interface once, in the kernel's order.
Result<std::vector<Interface>> ListInterfaces();

// Passes when one that is not a loopback is up and has a carrier.
Finding JudgeInterfaces(const std::vector<Interface>& interfaces);

class NetworkCheck final : public ConfiguredCheck {
 public:
  explicit NetworkCheck(const config::NetworkCheck& check)
      : ConfiguredCheck("network", check.settings) {}

  Finding Run(std::stop_token stop) override;
};

}  // namespace matic::health
