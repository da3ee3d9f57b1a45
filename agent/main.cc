// matic-agent: puts the parts together and waits to be told to stop.
#include <malloc.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <systemd/sd-daemon.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <memory>

#include "agent/api/server.h"
#include "agent/channel/poller.h"
#include "agent/config/changes.h"
#include "agent/config/config.h"
#include "agent/engine/step_log.h"
#include "agent/engine/update_engine.h"
#include "agent/fleetlock/fleet_lock.h"
#include "agent/health/checks.h"
#include "agent/health/script_checks.h"
#include "agent/host.h"
#include "agent/journal_sink.h"
#include "agent/logind/logind_reboot_guard.h"
#include "agent/metrics/metrics_server.h"
#include "agent/notices/announcer.h"
#include "agent/notices/journal.h"
#include "agent/notices/try_channels.h"
#include "agent/signals.h"
#include "lib/base/printable.h"
#include "lib/base/unique_fd.h"
#include "lib/channels/channel_settings.h"
#include "lib/completion/completion.h"
#include "lib/http/curl_http_client.h"
#include "lib/journal/journal.h"
#include "lib/notify/curl_transport.h"
#include "lib/os/clock.h"
#include "lib/os/crash_record.h"
#include "lib/os/executable_folder.h"
#include "lib/os/machine_id.h"
#include "lib/os/os_release.h"
#include "lib/os/process_runner.h"
#include "lib/rpc/runtime.h"
#include "lib/rpc/tls_files.h"

namespace matic {
namespace {

// Left by the initrd when /var is a tmpfs.
constexpr const char* kStateLost = "/run/matic/state-lost";
constexpr const char* kFleetLockNote = "fleet-lock.json";
// For messages that wait when the agent stops.
constexpr std::chrono::seconds kLastWords{5};

struct Arguments {
  std::vector<std::filesystem::path> config_files;
  bool check_config = false;
  bool test_notification = false;
  bool rollback = false;
  std::string reason;
  std::string shell;  // print the completion script for it
};

void SetLogLevel(const config::Log& log) {
  spdlog::set_level(spdlog::level::from_str(std::string(config::LogLevelName(log.level))));
}

// As the journal has them: no line of a log begins within another.
void SetUpLines(spdlog::logger& logger) {
  class Text final : public spdlog::custom_flag_formatter {
   public:
    void format(const spdlog::details::log_msg& line, const std::tm&,
                spdlog::memory_buf_t& out) override {
      const std::string text = Printable({line.payload.data(), line.payload.size()});
      out.append(text.data(), text.data() + text.size());
    }
    std::unique_ptr<custom_flag_formatter> clone() const override {
      return std::make_unique<Text>();
    }
  };
  auto formatter = std::make_unique<spdlog::pattern_formatter>();
  formatter->add_flag<Text>('*').set_pattern("[%Y-%m-%d %H:%M:%S.%e] [%n] [%^%l%$] %*");
  logger.set_formatter(std::move(formatter));
}

void SetUpLog(const config::Log& log) {
  // To the journal with levels and fields; to a terminal or a pipe as lines.
  if (journal::IsThere()) {
    auto sink = std::make_shared<JournalSink>();
    spdlog::set_default_logger(std::make_shared<spdlog::logger>("", sink));
  } else {
    spdlog::set_default_logger(spdlog::stderr_color_mt("matic-agent"));
    SetUpLines(*spdlog::default_logger());
  }
  SetLogLevel(log);
}

struct ConfigFiles {
  std::vector<std::filesystem::path> files;
  config::MissingFile missing;

  Result<config::Loaded> Load() const { return config::LoadFiles(files, missing); }
};

// Whoever writes there decides what runs as root.
Result<> CheckOwners(const config::Loaded& loaded) {
  for (const std::filesystem::path& file : loaded.read) MATIC_TRY(CheckFile(file));
  return {};
}

// A caller that is not even known yet takes a descriptor, and the agent needs some to do its work.
void RaiseFileLimit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = std::min<rlim_t>(limit.rlim_max, 65536);
  (void)::setrlimit(RLIMIT_NOFILE, &limit);
}

bool HasChanged(const std::vector<std::string>& keys, std::string_view section) {
  return std::ranges::any_of(
      keys, [section](const std::string& key) { return key.starts_with(section); });
}

std::string Listed(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}

// What is kept there is believed. A mode is put right rather than refused: an agent that does not
// start judges no trial.
Result<> KeepOthersOut(const UniqueFd& fd, const std::filesystem::path& folder) {
  struct stat facts {};
  if (::fstat(fd.get(), &facts) != 0) return Fail(OsError(folder.string(), errno));
  if (facts.st_uid != 0 && facts.st_uid != ::geteuid()) {
    return Fail(ErrorCode::kPermission, "the state folder " + folder.string() +
                                            " belongs to another user (uid " +
                                            std::to_string(facts.st_uid) + "): chown root it");
  }
  MATIC_TRY(CheckPlace(folder));
  if ((facts.st_mode & (S_IWGRP | S_IWOTH)) == 0) return {};
  spdlog::warn("{} could be changed by others than root; it cannot any more", folder.string());
  (void)::fchmod(fd.get(), facts.st_mode & 07777 & ~(S_IWGRP | S_IWOTH));
  return {};
}

// One agent a state folder. The lock is on the folder itself, so a read-only one is no obstacle.
Result<UniqueFd> LockState(const std::filesystem::path& folder) {
  std::error_code ignored;
  std::filesystem::create_directories(folder, ignored);
  UniqueFd fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd.valid()) return Fail(OsError("open the state folder " + folder.string(), errno));
  if (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return Fail(OsError("lock " + folder.string(), errno));
    return Fail(ErrorCode::kRefused, "another matic-agent runs with " + folder.string() +
                                         "; ask it instead (osctl rollback trigger)");
  }
  MATIC_TRY(KeepOthersOut(fd, folder));
  return fd;
}

// Of the API's certificate.
std::optional<WallTime> CertificateEnd(const std::vector<std::filesystem::path>& folders) {
  for (const std::filesystem::path& folder : folders) {
    const auto files = rpc::LoadTlsFiles(folder, rpc::Side::kServer);
    if (files) return files->certificate.not_after;
  }
  return std::nullopt;
}

bool IsRealMachine(const config::Config& config) {
  return config.boot_facts.empty() && config.nixos.host_root.empty();
}

// What the host's own part stands on.
struct Ground {
  explicit Ground(const config::Config& config)
      : ledger(config.state_dir, config.trial_deadline, clock), steps(ledger) {}

  HostServices Services() { return {processes, clock, traffic, steps}; }

  SystemClock clock;
  SystemProcessRunner processes;
  metrics::Traffic traffic;
  engine::Ledger ledger;
  engine::LedgerStepLog steps;
};

Result<std::unique_ptr<Host>> MakeHost(const config::Config& config, const HostServices& services) {
  if (config.backend == config::BackendKind::kNixos) return MakeNixosHost(config, services);
  return MakeAbHost(config, services);
}

// Everything between the configuration and the API, in the order of its making.
class Agent {
 public:
  static Result<std::unique_ptr<Agent>> Make(const config::Loaded& loaded) {
    const config::Config& config = loaded.config;
    MATIC_ASSIGN(UniqueFd lock, LockState(config.state_dir));
    auto ground = std::make_unique<Ground>(config);
    MATIC_ASSIGN(auto host, MakeHost(config, ground->Services()));
    return std::unique_ptr<Agent>(
        new Agent(loaded, config, std::move(lock), std::move(ground), std::move(host)));
  }

  // Until a signal ends it; `files` are read again at SIGHUP.
  Result<> Serve(const Signals& signals, const ConfigFiles& files);
  Result<> RollBack(const std::string& reason);

 private:
  Agent(const config::Loaded& loaded, const config::Config& config, UniqueFd lock,
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
        engine_(MakeEngineOptions(config), host_->backend(), host_->resolver(), checks_,
                preparation_, hooks_, clock_, ledger_, worker_, lease_),
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

  std::string Reload(const ConfigFiles& files);
  void Apply(const config::Config& config, const std::vector<std::string>& changed);

  // An agent without metrics is better than none.
  std::unique_ptr<metrics::MetricsServer> ServeMetrics() {
    if (config_.metrics.listen.empty()) return nullptr;
    auto server = metrics::MetricsServer::Start(
        {.listen = config_.metrics.listen,
         .state_dir = config_.state_dir,
         .pki_dirs = config_.api.pki_dirs},
        {.engine = engine_, .traffic = ground_->traffic, .notifications = [this] {
           return announcer_.Counts();
         }});
    if (server) return std::move(*server);
    spdlog::warn("{}", server.error().message);
    return nullptr;
  }

  static notices::AnnouncerOptions MakeAnnouncerOptions(const config::Config& config) {
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

  static engine::WorkerOptions MakeWorkerOptions(const config::Config& config) {
    engine::WorkerOptions options{.health = health::MakeRetryPolicy(config.health),
                                  .settle = config.health.settle,
                                  .reboot_command = config.reboot_command,
                                  .good_boot_command = {}};
    if (IsRealMachine(config)) {
      options.good_boot_command = {"systemctl", "--no-block", "start", "boot-complete.target"};
    }
    return options;
  }

  prechecks::Machine MakeMachine(const config::Config& config) const {
    prechecks::Machine machine;
    machine.state_dir = config.state_dir;
    machine.switch_lock = [this] { return host_->SwitchLock(); };
    return machine;
  }

  static std::string MachineId() { return ReadMachineId().value_or(""); }

  engine::PreparationOptions MakePreparationOptions() const {
    return {.machine_id = MachineId(), .time_floor = [this] { return host_->TimeFloor(); }};
  }

  static channel::PollerOptions MakePollerOptions(const config::Config& config) {
    return {.channel = config.channel, .machine_id = MachineId()};
  }

  std::optional<api::ChannelLook> LookAtChannel() const {
    const std::string url = poller_.url();
    if (url.empty()) return std::nullopt;
    return api::ChannelLook{url, poller_.next_run(), poller_.last_result()};
  }

  api::ApiOptions MakeApiOptions(const config::Config& config) const {
    return {.socket = config.api.socket,
            .socket_group = config.api.socket_group,
            .reader_socket = config.api.reader_socket,
            .reader_socket_group = config.api.reader_socket_group,
            .reader_socket_mode = config.api.reader_socket_mode,
            .listen = config.api.listen,
            .pki_dirs = config.api.pki_dirs,
            .pki_check_interval = config.api.pki_check,
            .audit_file = config.state_dir / "audit.jsonl",
            .channel = [this] { return LookAtChannel(); }};
  }

  engine::EngineOptions MakeEngineOptions(const config::Config& config) const {
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

  const config::Loaded at_start_;
  config::Loaded loaded_;  // the latest that was good
  const config::Config& config_;
  UniqueFd lock_;
  std::unique_ptr<Ground> ground_;
  SystemClock& clock_;
  SystemProcessRunner& processes_;
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

Result<> TestNotification(const config::Config& config) {
  if (config.notifications.channels.empty()) {
    return Fail(ErrorCode::kNotFound, "no channel is configured (notifications.channels)");
  }
  notify::CurlTransport transport;
  SystemProcessRunner processes;
  const notify::Courier courier(transport, processes);
  size_t failed = 0;
  for (const notify::DeliveryReport& report :
       notices::TryChannels(channels::MakeChannels(config.notifications.channels), courier,
                            config.name, SystemClock().Now())) {
    failed += report.error ? 1 : 0;
    std::printf("%s: %s\n", report.channel.c_str(),
                report.error ? report.error->message.c_str() : "delivered");
  }
  if (failed == 0) return {};
  return Fail(ErrorCode::kUnavailable, std::to_string(failed) + " of " +
                                           std::to_string(config.notifications.channels.size()) +
                                           " channels failed");
}

// Which files count, in the order in which they do.
void PrintFiles(const config::Loaded& loaded) {
  for (const auto& file : loaded.read) std::printf("read %s\n", file.c_str());
  for (const auto& file : loaded.missing) std::printf("not there: %s\n", file.c_str());
  for (const auto& file : loaded.ignored) {
    std::printf("not read, its name does not end in .yaml: %s\n", file.c_str());
  }
  std::puts("the configuration is good");
}

Result<> Run(const Arguments& arguments) {
  ConfigFiles files{arguments.config_files, config::MissingFile::kRefused};
  if (files.files.empty()) {
    files = {{config::kMainFile, config::kOverrideFile}, config::MissingFile::kSkipped};
  }
  MATIC_ASSIGN(const config::Loaded loaded, files.Load());
  if (arguments.check_config) {
    PrintFiles(loaded);
    return {};
  }
  if (arguments.test_notification) return TestNotification(loaded.config);
  MATIC_TRY(CheckOwners(loaded));
  RaiseFileLimit();
  SetUpLog(loaded.config.log);
  if (arguments.rollback) {
    MATIC_ASSIGN(std::unique_ptr<Agent> agent, Agent::Make(loaded));
    return agent->RollBack(arguments.reason);
  }
  const Signals signals;
  MATIC_ASSIGN(std::unique_ptr<Agent> agent, Agent::Make(loaded));
  return agent->Serve(signals, files);
}

Result<> PrintCompletion(const CLI::App& app, const std::string& name) {
  MATIC_ASSIGN(const completion::Shell shell, completion::ParseShell(name));
  std::fputs(completion::Script(app, shell).c_str(), stdout);
  return {};
}

int Main(int argc, char** argv) {
  CLI::App app("The update agent: stages, activates, tries, and confirms or goes back.",
               "matic-agent");
  app.set_version_flag("--version", "matic-agent " MATIC_VERSION);
  Arguments arguments;
  app.add_option("--config", arguments.config_files,
                 "Configuration file; each overrides those before it (default: " +
                     std::string(config::kMainFile) + ", then " +
                     std::string(config::kOverrideFile) + ")")
      ->type_name("FILE");
  app.add_flag("--check-config", arguments.check_config,
               "Say whether the configuration is good, and end");
  app.add_flag("--test-notification", arguments.test_notification,
               "Send a test message to every channel, and say what came of each");
  CLI::Option* rollback = app.add_flag("--rollback", arguments.rollback,
                                       "Go back to the previous system and reboot, while no agent "
                                       "runs");
  app.add_option("--reason", arguments.reason, "Why, for the history")->needs(rollback);
  // For packages; people have no use for it.
  CLI::Option* shell = app.add_option("--completion", arguments.shell)->group("");
  completion::TakesOneOf(shell, {"bash", "zsh", "fish"});
  CLI11_PARSE(app, argc, argv);

  Result<> result =
      arguments.shell.empty() ? Run(arguments) : PrintCompletion(app, arguments.shell);
  if (!result) {
    std::fprintf(stderr, "matic-agent: %s\n", result.error().message.c_str());
    return result.error().code == ErrorCode::kInvalidArgument ? 2 : 1;
  }
  return 0;
}

}  // namespace

WallTime ReleaseTime() { return ParseTime(MATIC_RELEASED).value_or(WallTime{}); }

}  // namespace matic

int main(int argc, char** argv) {
  // Large buffers are given back as soon as they are done with. Left alone, the allocator keeps
  // them after the first, for each of its arenas.
  ::mallopt(M_MMAP_THRESHOLD, 128 * 1024);
  return matic::Main(argc, argv);
}
