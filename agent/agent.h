// matic-agent's parts, put together.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "agent/api/server.h"
#include "agent/channel/poller.h"
#include "agent/config/config.h"
#include "agent/config_files.h"
#include "agent/engine/aftermath.h"
#include "agent/engine/ledger.h"
#include "agent/engine/preparation.h"
#include "agent/engine/run_lease.h"
#include "agent/engine/step_log.h"
#include "agent/engine/update_engine.h"
#include "agent/engine/worker.h"
#include "agent/fleetlock/fleet_lock.h"
#include "agent/health/checks.h"
#include "agent/hooks/runner.h"
#include "agent/host.h"
#include "agent/logind/logind_reboot_guard.h"
#include "agent/metrics/metrics_server.h"
#include "agent/notices/announcer.h"
#include "agent/prechecks/prechecks.h"
#include "agent/signals.h"
#include "lib/base/result.h"
#include "lib/base/unique_fd.h"
#include "lib/http/curl_http_client.h"
#include "lib/notify/curl_transport.h"
#include "lib/os/checked_process_runner.h"
#include "lib/os/clock.h"
#include "lib/os/process_runner.h"

namespace matic {

// Everything between the configuration and the API, in the order of its making.
class Agent {
 public:
  // Locks the state folder.
  static Result<std::unique_ptr<Agent>> Make(const config::Loaded& loaded);

  // Until a signal ends it; `files` are read again at SIGHUP.
  Result<> Serve(const Signals& signals, const ConfigFiles& files);
  // Instead of serving: goes back by hand, with a reboot where it takes one.
  Result<> RollBack(const std::string& reason);

 private:
  // What the host's own part stands on.
  struct Ground {
    explicit Ground(const config::Config& config)
        : ledger(config.state_dir, config.trial_deadline, clock), steps(ledger) {}

    HostServices Services() { return {processes, clock, traffic, steps}; }

    SystemClock clock;
    SystemProcessRunner system_processes;
    // All that the agent runs, whether the configuration names it or we do.
    CheckedProcessRunner processes{system_processes};
    metrics::Traffic traffic;
    engine::Ledger ledger;
    engine::LedgerStepLog steps;
  };

  Agent(const config::Loaded& loaded, const config::Config& config, UniqueFd lock,
        std::unique_ptr<Ground> ground, std::unique_ptr<Host> host);

  std::string Reload(const ConfigFiles& files);
  void Apply(const config::Config& config, const std::vector<std::string>& changed);
  std::unique_ptr<metrics::MetricsServer> ServeMetrics();
  std::optional<api::ChannelLook> LookAtChannel() const;

  prechecks::Machine MakeMachine(const config::Config& config) const;
  engine::PreparationOptions MakePreparationOptions() const;
  api::ApiOptions MakeApiOptions(const config::Config& config) const;
  engine::EngineOptions MakeEngineOptions(const config::Config& config) const;

  const config::Loaded at_start_;
  config::Loaded loaded_;  // the latest that was good
  const config::Config& config_;
  UniqueFd lock_;
  std::unique_ptr<Ground> ground_;
  SystemClock& clock_;
  ProcessRunner& processes_;
  engine::Ledger& ledger_;
  std::unique_ptr<Host> host_;
  health::CheckRunner checks_;
  notify::CurlTransport transport_;
  notify::Courier courier_{transport_, processes_};
  notices::Announcer announcer_;
  prechecks::Prechecks prechecks_;
  logind::LogindRebootGuard guard_;
  hooks::Runner hooks_;
  http::CurlHttpClient lock_client_;
  fleetlock::FleetLock fleet_lock_;
  engine::Preparation preparation_;
  engine::Aftermath aftermath_;
  engine::Worker worker_;
  engine::RunLease lease_;
  engine::UpdateEngine engine_;
  channel::Poller poller_;
};

}  // namespace matic
