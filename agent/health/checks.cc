#include "agent/health/checks.h"

#include "agent/health/api_check.h"
#include "agent/health/boot_check.h"
#include "agent/health/disk_check.h"
#include "agent/health/failed_units_check.h"
#include "agent/health/load_check.h"
#include "agent/health/memory_check.h"
#include "agent/health/network_check.h"
#include "agent/health/service_check.h"
#include "agent/health/time_check.h"

namespace matic::health {
namespace {

template <typename T, typename Configured, typename... Arguments>
void AddCheck(std::vector<std::unique_ptr<Check>>& checks, const Configured& configured,
              Arguments&... arguments) {
  if (configured.settings.enabled) checks.push_back(std::make_unique<T>(configured, arguments...));
}

}  // namespace

std::vector<std::unique_ptr<Check>> MakeChecks(const config::Health& health, const config::Api& api,
                                               ProcessRunner& processes, Clock& clock) {
  const config::Checks& wanted = health.checks;
  std::vector<std::unique_ptr<Check>> checks;
  AddCheck<BootCheck>(checks, wanted.boot, clock);
  AddCheck<ServiceCheck>(checks, wanted.service, processes);
  AddCheck<NetworkCheck>(checks, wanted.network);
  AddCheck<ApiCheck>(checks, wanted.api, api);
  AddCheck<DiskCheck>(checks, wanted.disk);
  AddCheck<MemoryCheck>(checks, wanted.memory);
  AddCheck<LoadCheck>(checks, wanted.load);
  AddCheck<FailedUnitsCheck>(checks, wanted.failed_units, processes);
  AddCheck<TimeCheck>(checks, wanted.time);
  return checks;
}

RetryPolicy MakeRetryPolicy(const config::Health& health) {
  return {.timeout = health.timeout, .interval = health.interval, .attempts = health.retries};
}

}  // namespace matic::health
