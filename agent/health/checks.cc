#include "agent/health/checks.h"

#include "agent/health/api_check.h"
#include "agent/health/boot_check.h"
#include "agent/health/disk_check.h"
#include "agent/health/failed_units_check.h"
#include "agent/health/http_check.h"
#include "agent/health/journal_check.h"
#include "agent/health/load_check.h"
#include "agent/health/memory_check.h"
#include "agent/health/network_check.h"
#include "agent/health/service_check.h"
#include "agent/health/tcp_check.h"
#include "agent/health/time_check.h"
#include "lib/http/curl_http_client.h"

namespace matic::health {
namespace {

template <typename T, typename Configured, typename... Arguments>
void AddCheck(std::vector<std::unique_ptr<Check>>& checks, const Configured& configured,
              Arguments&... arguments) {
  if (configured.settings.enabled) checks.push_back(std::make_unique<T>(configured, arguments...));
}

std::unique_ptr<http::HttpClient> MakeClient(const config::HttpCheck& check) {
  return std::make_unique<http::CurlHttpClient>(
      http::CurlOptions{.ca_file = check.ca_file.string()});
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
  for (const config::JournalCheck& journal : wanted.journal) {
    AddCheck<JournalCheck>(checks, journal, processes);
  }
  for (const config::TcpCheck& tcp : wanted.tcp) AddCheck<TcpCheck>(checks, tcp, processes);
  for (const config::HttpCheck& http : wanted.http) {
    checks.push_back(std::make_unique<HttpCheck>(http, MakeClient(http)));
  }
  return checks;
}

RetryPolicy MakeRetryPolicy(const config::Health& health) {
  return {.timeout = health.timeout, .interval = health.interval, .attempts = health.retries};
}

}  // namespace matic::health
