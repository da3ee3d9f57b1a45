#include "tests/unit/agent/engine/machine.h"

#include <algorithm>
#include <thread>

#include "tests/fakes/fake_check.h"

namespace matic::engine {
namespace {

using namespace std::chrono_literals;

const std::vector<std::string> kReboot = {"reboot"};
const std::vector<std::string> kGoodBoot = {"good-boot"};
// Far longer than anything here takes, on a busy machine and under a sanitizer.
constexpr auto kPatience = 60s;

}  // namespace

Machine::Machine()
    : worker_options{.health = {.timeout = 300s, .interval = 0s, .attempts = 2},
                     .reboot_command = kReboot,
                     .good_boot_command = kGoodBoot,
                     .retry_pause = 0s} {
  processes.Script(kReboot, ProcessOutcome{});
  processes.Script(kGoodBoot, ProcessOutcome{});
  // The machine that the tests run on is not the one they are about.
  wanted.space_min_mib = 0;
  wanted.battery_min_percent = 0;
  wanted.package_work_allowed = true;
  hooks.dir = folder.File("hooks");
}

Machine::~Machine() { StopAgent(); }

void Machine::SetCheck(const std::string& check, const std::string& version, Found found) {
  std::scoped_lock lock(mutex_);
  findings_[{check, version}] = found;
  changed_.notify_all();
}

health::Finding Machine::Find(const std::string& check, std::stop_token stop) {
  const std::string version = backend.slot(backend.running()).version;
  std::unique_lock lock(mutex_);
  const auto found = [&] { return findings_[{check, version}]; };
  changed_.wait(lock, stop, [&] { return found() != Found::kHang; });
  return {found() == Found::kPass, found() == Found::kPass ? "fine" : "refused"};
}

void Machine::MakeAgent() {
  reboots_before_ = Runs(kReboot);
  good_boots_before_ = Runs(kGoodBoot);
  agent_ = std::make_unique<Agent>();
  std::vector<std::unique_ptr<health::Check>> checks;
  for (const char* name : {"api", "service", "network"}) {
    checks.push_back(std::make_unique<fakes::FakeCheck>(
        name, std::string(name) != "network",
        [this, name](std::stop_token stop) { return Find(name, std::move(stop)); }));
  }
  agent_->checks = std::make_unique<health::CheckRunner>(std::move(checks), clock_);
  agent_->ledger = std::make_unique<Ledger>(folder.path(), 900s, clock_);
  agent_->prechecks =
      std::make_unique<prechecks::Prechecks>(wanted, prechecks::Machine{}, processes, clock_);
  agent_->hooks =
      std::make_unique<hooks::Runner>(hooks, processes, clock_, folder.File("hook.env"));
  agent_->preparation = std::make_unique<Preparation>(
      PreparationOptions{.machine_id = std::string(32, 'a'),
                         .time_floor = [this] { return time_floor; },
                         .look_again = 1ms},
      resolver, *agent_->prechecks, *agent_->hooks, guard, slots, clock_, *agent_->ledger);
  agent_->aftermath = std::make_unique<Aftermath>(
      resolver, *agent_->hooks, processes, *agent_->ledger, std::vector{folder.File("pstore")});
  agent_->worker =
      std::make_unique<Worker>(worker_options, backend, *agent_->preparation, *agent_->aftermath,
                               *agent_->checks, processes, clock_, *agent_->ledger);
  agent_->lease = std::make_unique<RunLease>(folder.File("run_lease.json"), clock_);
  agent_->engine = std::make_unique<UpdateEngine>(EngineOptions{.node_name = "node",
                                                                .machine_id = std::string(32, 'a'),
                                                                .backend_name = "ab",
                                                                .os_version = "Matic",
                                                                .maintenance = maintenance},
                                                  backend, resolver, *agent_->checks,
                                                  *agent_->preparation, *agent_->hooks, clock_,
                                                  *agent_->ledger, *agent_->worker, *agent_->lease);
  agent_->ledger->Load();
  EXPECT_EQ(agent_->lease->Load(), "");
}

void Machine::StartAgent() {
  MakeAgent();
  worker().Start();
}

void Machine::StopAgent() {
  if (agent_) agent_->worker->Stop();
  agent_.reset();
}

void Machine::Reboot() {
  StopAgent();
  backend.Reboot();
  StartAgent();
}

void Machine::PowerCut(const StateFolder::Contents& files) {
  StopAgent();
  folder.Restore(files);
  backend.Reboot();
  StartAgent();
}

void Machine::Await(const std::function<bool()>& so) {
  const auto limit = std::chrono::steady_clock::now() + kPatience;
  while (!so()) {
    if (std::chrono::steady_clock::now() > limit) {
      FAIL() << "it never came to be; the update is " << StateName(ledger().State().update);
    }
    std::this_thread::sleep_for(1ms);
  }
}

size_t Machine::Runs(const std::vector<std::string>& argv) const {
  return static_cast<size_t>(std::ranges::count(processes.runs(), argv));
}

bool Machine::AsksForReboot() const { return Runs(kReboot) > reboots_before_; }

void Machine::AwaitRebootAsked() {
  Await([this] { return AsksForReboot(); });
}

void Machine::AwaitTrial() {
  Await([this] {
    const update::UpdateState state = ledger().State().update;
    const auto* trying = std::get_if<update::Trying>(&state);
    return trying != nullptr && trying->trial.last_boot_id == backend.boot_id();
  });
}

void Machine::AwaitGoodBoot() {
  Await([this] { return Runs(kGoodBoot) > good_boots_before_; });
  AwaitState<update::Idle>();
}

void Machine::RunToRest() {
  for (int reboots = 0; reboots < 10; ++reboots) {
    const auto at_rest = [this] {
      return Runs(kGoodBoot) > good_boots_before_ && !ledger().ActiveSchedule() &&
             std::holds_alternative<update::Idle>(ledger().State().update);
    };
    Await([&] { return AsksForReboot() || at_rest(); });
    if (!AsksForReboot()) return;
    Reboot();
  }
  FAIL() << "it reboots for ever";
}

void Machine::AwaitSchedule(const std::string& id, ScheduleState state) {
  Await([&] { return Get(id).state == state; });
}

void Machine::AwaitPhase(const std::string& id, Phase phase) {
  Await([&] { return Get(id).phase == phase; });
}

ScheduleRequest Machine::Request() const {
  ScheduleRequest request;
  request.source = "https://example.com/2.0.squashfs";
  request.sha256 = std::string(64, '2');
  request.enable_auto_rollback = true;
  return request;
}

std::string Machine::Schedule(const ScheduleRequest& request) {
  Result<engine::Schedule> schedule = engine().ScheduleUpdate(request, alice);
  // An agent that has only just started says so.
  Await([&] {
    if (schedule || schedule.error().code != ErrorCode::kUnavailable) return true;
    schedule = engine().ScheduleUpdate(request, alice);
    return false;
  });
  EXPECT_TRUE(schedule) << schedule.error().message;
  return schedule ? schedule->id : "";
}

engine::Schedule Machine::Get(const std::string& id) {
  Result<engine::Schedule> schedule = engine().GetSchedule(id);
  return schedule ? *schedule : engine::Schedule{};
}

std::string Machine::UpdateUpToTrial() {
  StartAgent();
  AwaitGoodBoot();
  const std::string id = Schedule(Request());
  AwaitRebootAsked();
  Reboot();
  return id;
}

}  // namespace matic::engine
