#include "agent/health/checks.h"

#include "agent/health/api_check.h"
#include "agent/health/boot_check.h"
#include "agent/health/network_check.h"
#include "agent/health/service_check.h"

namespace matic::health {

std::vector<std::unique_ptr<Check>> MakeChecks(const config::Health& health, const config::Api& api,
                                               ProcessRunner& processes, Clock& clock) {
  const config::Checks& wanted = health.checks;
  std::vector<std::unique_ptr<Check>> checks;
  checks.push_back(
      std::make_unique<BootCheck>(wanted.boot.critical, wanted.boot.min_uptime, clock));
  checks.push_back(
      std::make_unique<ServiceCheck>(wanted.service.critical, wanted.service.units, processes));
  checks.push_back(std::make_unique<NetworkCheck>(wanted.network.critical));
  checks.push_back(std::make_unique<ApiCheck>(wanted.api.critical, api.socket, api.listen));
  return checks;
}

RetryPolicy MakeRetryPolicy(const config::Health& health) {
  return {.timeout = health.timeout, .interval = health.interval, .attempts = health.retries};
}

}  // namespace matic::health
