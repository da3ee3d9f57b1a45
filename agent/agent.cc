#include "agent/agent.h"

#include <spdlog/spdlog.h>
#include <systemd/sd-daemon.h>

#include <algorithm>
#include <cstdio>
#include <string_view>
#include <utility>

#include "agent/config/changes.h"
#include "agent/health/script_checks.h"
#include "agent/log.h"
#include "agent/notices/journal.h"
#include "agent/state_lock.h"
#include "lib/channels/channel_settings.h"
#include "lib/os/crash_record.h"
#include "lib/os/machine_id.h"
#include "lib/os/os_release.h"
#include "lib/rpc/runtime.h"
#include "lib/rpc/tls_files.h"

namespace matic {
namespace {

// Left by the initrd when /var is a tmpfs.
constexpr const char* kStateLost = "/run/matic/state-lost";
constexpr const char* kFleetLockNote = "fleet-lock.json";
// For messages that wait when the agent stops.
constexpr std::chrono::seconds kLastWords{5};

bool HasChanged(const std::vector<std::string>& keys, std::string_view section) {
  return std::ranges::any_of(
      keys, [section](const std::string& key) { return key.starts_with(section); });
}

std::string Listed(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}

// Of the API's certificate.
std::optional<WallTime> CertificateEnd(const std::vector<std::filesystem::path>& folders) {
  const auto files = rpc::LoadServerFiles(folders);
  if (!files) return std::nullopt;
  return files->certificate.not_after;
}

bool IsRealMachine(const config::Config& config) {
  return config.boot_facts.empty() && config.nixos.host_root.empty();
}

Result<std::unique_ptr<Host>> MakeHost(const config::Config& config, const HostServices& services) {
  if (config.backend == config::BackendKind::kNixos) return MakeNixosHost(config, services);
  return MakeAbHost(config, services);
}

notices::AnnouncerOptions MakeAnnouncerOptions(const config::Config& config) {
  notices::AnnouncerOptions options{
      .node = config.name,
      .long_running = config.notifications.long_running,
      .channels = channels::MakeChannels(config.notifications.channels),
      .certificate_end = {},
      .folder = config.state_dir / "notifications"};
  if (!config.api.listen.empty()) {
    options.certificate_end = [folders = config.api.pki_dirs] { return CertificateEnd(folders); };
  }
  return options;
}

engine::WorkerOptions MakeWorkerOptions(const config::Config& config) {
  engine::WorkerOptions options{.health = health::MakeRetryPolicy(config.health),
                                .settle = config.health.settle,
                                .reboot_command = config.reboot_command,
                                .good_boot_command = {}};
  if (IsRealMachine(config)) {
    options.good_boot_command = {"systemctl", "--no-block", "start", "boot-complete.target"};
  }
  return options;
}

std::string MachineId() { return ReadMachineId().value_or(""); }

channel::PollerOptions MakePollerOptions(const config::Config& config) {
  return {.channel = config.channel, .machine_id = MachineId()};
}

}  // namespace

Result<std::unique_ptr<Agent>> Agent::Make(const config::Loaded& loaded) {
  const config::Config& config = loaded.config;
  MATIC_ASSIGN(UniqueFd lock, LockState(config.state_dir));
  const std::vector<std::string> problems = SetForeignAside(config.state_dir);
  auto ground = std::make_unique<Ground>(config);
  for (const std::string& problem : problems) ground->ledger.AddProblem(problem);
  MATIC_ASSIGN(auto host, MakeHost(config, ground->Services()));
  return std::unique_ptr<Agent>(
      new Agent(loaded, config, std::move(lock), std::move(ground), std::move(host)));
}

Agent::Agent(const config::Loaded& loaded, const config::Config& config, UniqueFd lock,
             std::unique_ptr<Ground> ground, std::unique_ptr<Host> host)
    : at_start_(loaded),
      loaded_(loaded),
      config_(at_start_.config),
      lock_(std::move(lock)),
      ground_(std::move(ground)),
      clock_(ground_->clock),
      processes_(ground_->processes),
      ledger_(ground_->ledger),
      host_(std::move(host)),
      checks_(health::MakeChecks(config.health, config.api, processes_, clock_), clock_,
              health::ScriptFinder(config.health.checks.scripts, processes_)),
      announcer_(MakeAnnouncerOptions(config), courier_, clock_),
      prechecks_(config.prechecks, MakeMachine(config), processes_, clock_),
      guard_(processes_),
      hooks_(config.hooks, processes_, clock_),
      lock_client_(fleetlock::MakeCurlOptions(config.fleet_lock)),
      fleet_lock_(
          fleetlock::MakeSettings(config.fleet_lock), config.state_dir / kFleetLockNote,
          lock_client_, clock_,
          [this](const std::string& problem) { ledger_.SetProblem("fleet-lock", problem); }),
      preparation_(MakePreparationOptions(), host_->resolver(), prechecks_, hooks_, guard_,
                   fleet_lock_, clock_, ledger_),
      aftermath_(host_->resolver(), hooks_, processes_, ledger_, CrashRecordFolders()),
      worker_(MakeWorkerOptions(config), host_->backend(), preparation_, aftermath_, checks_,
              processes_, clock_, ledger_),
      lease_(config.state_dir / "run_lease.json", clock_),
      engine_(MakeEngineOptions(config), host_->backend(), host_->resolver(), checks_, preparation_,
              hooks_, clock_, ledger_, worker_, lease_),
      poller_(MakePollerOptions(config), host_->resolver(), engine_, clock_) {
  ledger_.SetObserver([this](const engine::HistoryEvent& event) {
    notices::WriteToJournal(event);
    announcer_.Tell(event);
  });
  ledger_.Load();
  if (const std::string problem = lease_.Load(); !problem.empty()) ledger_.AddProblem(problem);
  if (IsRealMachine(config) && std::filesystem::exists(kStateLost)) {
    ledger_.AddProblem(
        "the state partition could not be mounted: what is kept now is lost at the "
        "next reboot");
  }
}

// An agent without metrics is better than none.
std::unique_ptr<metrics::MetricsServer> Agent::ServeMetrics() {
  if (config_.metrics.listen.empty()) return nullptr;
  auto server = metrics::MetricsServer::Start(
      {.listen = config_.metrics.listen,
       .state_dir = config_.state_dir,
       .pki_dirs = config_.api.pki_dirs},
      {.engine = engine_, .traffic = ground_->traffic, .notifications = [this] {
         return announcer_.Counts();
       }});
  if (!server) {
    spdlog::warn("{}", server.error().message);
    return nullptr;
  }
  if (const std::string& problem = (*server)->problem(); !problem.empty()) {
    ledger_.AddProblem(problem);
  }
  return std::move(*server);
}

prechecks::Machine Agent::MakeMachine(const config::Config& config) const {
  prechecks::Machine machine;
  machine.state_dir = config.state_dir;
  machine.switch_lock = [this] { return host_->SwitchLock(); };
  return machine;
}

engine::PreparationOptions Agent::MakePreparationOptions() const {
  return {.machine_id = MachineId(), .time_floor = [this] { return host_->TimeFloor(); }};
}

std::optional<api::ChannelLook> Agent::LookAtChannel() const {
  const std::string url = poller_.url();
  if (url.empty()) return std::nullopt;
  return api::ChannelLook{url, poller_.next_run(), poller_.last_result()};
}

api::ApiOptions Agent::MakeApiOptions(const config::Config& config) const {
  return {.socket = config.api.socket,
          .socket_group = config.api.socket_group,
          .reader_socket = config.api.reader_socket,
          .reader_socket_group = config.api.reader_socket_group,
          .reader_socket_mode = config.api.reader_socket_mode,
          .listen = config.api.listen,
          .pki_dirs = config.api.pki_dirs,
          .pki_check_interval = config.api.pki_check,
          .revocation_file = config.state_dir / "revoked.pem",
          .audit_file = config.state_dir / "audit.jsonl",
          .channel = [this] { return LookAtChannel(); }};
}

engine::EngineOptions Agent::MakeEngineOptions(const config::Config& config) const {
  engine::EngineOptions options{.node_name = config.name,
                                .machine_id = MachineId(),
                                .backend_name = std::string(host_->name()),
                                .os_version = {},
                                .default_health_timeout = config.health.timeout,
                                .maintenance = config.maintenance.rules,
                                .reboot_delay = config.maintenance.reboot_delay,
                                .allow_reboot = config.maintenance.allow_reboot,
                                .default_mode = config.nixos.mode};
  if (Result<OsRelease> release = ReadOsRelease()) {
    options.os_version = Lookup(*release, "PRETTY_NAME");
  }
  return options;
}

// Everything that may change while the agent runs; what is under way goes on as it began.
void Agent::Apply(const config::Config& config, const std::vector<std::string>& changed) {
  SetLogLevel(config.log);
  checks_.Configure(health::MakeChecks(config.health, config.api, processes_, clock_),
                    health::ScriptFinder(config.health.checks.scripts, processes_));
  prechecks_.Configure(config.prechecks);
  hooks_.Configure(config.hooks);
  ledger_.SetTrialDeadline(config.trial_deadline);
  lock_client_.Configure(fleetlock::MakeCurlOptions(config.fleet_lock));
  fleet_lock_.Configure(fleetlock::MakeSettings(config.fleet_lock));
  host_->Configure(config);
  worker_.Configure(MakeWorkerOptions(config));
  engine_.Configure(MakeEngineOptions(config));
  // What holds a thread of its own is stopped for it, and so left alone where nothing has changed.
  if (HasChanged(changed, "channel.")) {
    poller_.Stop();
    poller_.Configure(MakePollerOptions(config));
    poller_.Start();
  }
  if (HasChanged(changed, "notifications.")) announcer_.Configure(MakeAnnouncerOptions(config));
}

// All or nothing: what is wrong in one file leaves the agent as it was.
std::string Agent::Reload(const ConfigFiles& files) {
  Result<config::Loaded> fresh = files.Load();
  if (Result<> owned = fresh ? CheckOwners(*fresh) : Result<>(); !owned) {
    fresh = Fail(owned.error());
  }
  if (!fresh) {
    const std::string problem =
        "the configuration was not reloaded, the one before holds: " + fresh.error().message;
    spdlog::error("{}", problem);
    ledger_.SetProblem("configuration", problem);
    return problem;
  }
  std::vector<std::string> changed = config::ChangedKeys(loaded_, *fresh);
  std::erase_if(changed, [](const std::string& key) { return !config::TakesEffectAtOnce(key); });
  std::vector<std::string> later = config::ChangedKeys(at_start_, *fresh);
  std::erase_if(later, [](const std::string& key) { return config::TakesEffectAtOnce(key); });
  loaded_ = *std::move(fresh);
  if (!changed.empty()) Apply(config::Effective(at_start_.config, loaded_.config), changed);
  ledger_.SetProblem("configuration", "");
  spdlog::info("configuration reloaded: {}", changed.empty()
                                                 ? "nothing has changed that takes effect now"
                                                 : "in effect: " + Listed(changed));
  if (later.empty()) return "";
  spdlog::warn("needs a restart: {}", Listed(later));
  return "needs a restart: " + Listed(later);
}

Result<> Agent::Serve(const Signals& signals, const ConfigFiles& files) {
  const rpc::Runtime runtime;
  MATIC_ASSIGN(auto server, api::Server::Start(MakeApiOptions(config_), engine_));
  const std::unique_ptr<metrics::MetricsServer> metrics = ServeMetrics();
  announcer_.Start(engine_);
  fleet_lock_.Start();
  worker_.Start();
  poller_.Start();
  host_->Start(engine_);
  spdlog::info("matic-agent {} serves {}", MATIC_VERSION, config_.api.socket.string());
  signals.Wait([&] { return Reload(files); });
  spdlog::info("stopping");
  sd_notify(0, "STOPPING=1");
  poller_.Stop();
  host_->Stop();
  fleet_lock_.Stop();
  worker_.Stop();
  announcer_.Stop(kLastWords);
  server->Shutdown();
  return {};
}

Result<> Agent::RollBack(const std::string& reason) {
  // The state may be that of an agent of the other system: this one may never have come up.
  MATIC_ASSIGN(update::Facts facts, worker_.RecoverAlone());
  if (std::holds_alternative<update::RollingBack>(ledger_.State().update)) {
    std::puts("going back already; rebooting");
    return worker_.RunAlone(update::Started{facts});
  }
  MATIC_ASSIGN(
      update::RollbackRequested event,
      engine::RollbackByHand(ledger_.State(), facts, {.reason = reason}, "matic-agent --rollback"));
  std::printf("going back from %s to %s, by a reboot where it takes one\n", event.running.c_str(),
              event.previous.c_str());
  return worker_.RunAlone(event);
}

WallTime ReleaseTime() { return ParseTime(MATIC_RELEASED).value_or(WallTime{}); }

}  // namespace matic
