#include "tests/crash/machine.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <thread>
#include <utility>

#include "agent/ab/ab_backend.h"
#include "agent/channel/trusted_resolver.h"
#include "boot/sim/simulation.h"
#include "lib/gpt/fdisk_partition_table.h"
#include "lib/os/linux_block_device.h"
#include "tests/crash/agent_seams.h"
#include "tests/crash/firmware.h"
#include "tests/crash/publisher.h"
#include "tests/crash/sweep_clock.h"
#include "tests/crash/tries.h"
#include "tests/fakes/fake_check.h"
#include "tests/fakes/fake_reboot_guard.h"

namespace matic::crash {
namespace {

namespace fs = std::filesystem;
using Moment = Moments::Moment;
using namespace std::chrono_literals;

constexpr int kMostStarts = 20;
// 2026-01-27T01:00:00Z.
constexpr std::chrono::seconds kDayOne(1769475600);
constexpr size_t kBufferBytes = 16 * 1024;

std::unique_ptr<LinuxBlockDevice> OpenDisk(const fs::path& path) {
  auto device = LinuxBlockDevice::Open(path, LinuxBlockDevice::Access::kReadWrite);
  if (!device) throw std::runtime_error(device.error().message);
  return *std::move(device);
}

config::Prechecks NoPrechecks() {
  config::Prechecks none;
  none.space_min_mib = 0;
  none.battery_min_percent = 0;
  none.package_work_allowed = true;
  return none;
}

}  // namespace

struct Machine::Agent {
  Agent(Machine& machine, std::chrono::seconds ticks)
      : clock(WallTime(kDayOne + ticks), 60s,
              [&machine] { machine.moments_.Tell(Moment::kNoEnd); }),
        processes(*machine.recorder_, machine.moments_, machine.hold_reboots_),
        table(machine.disk_, machine.layout_.sector_bytes),
        device(OpenDisk(machine.disk_)),
        booted(machine.running_, machine.starts_),
        backend({.tries = 3,
                 .sources = {.retry = {.retries = 0}},
                 .buffer_bytes = kBufferBytes,
                 .partial_file = machine.state_ / "partial.json",
                 .target_index = machine.state_ / "target.idx"},
                table, *device, booted, machine.http_, clock),
        checks(MakeChecks(machine), clock),
        ledger(machine.state_, 900s, clock),
        prechecks(NoPrechecks(), {}, processes, clock),
        hooks({.dir = machine.folder_ / "hooks"}, processes, clock, machine.folder_ / "hook.env"),
        resolver(Trust(machine), machine.http_, clock),
        slots(ledger, machine.moments_),
        preparation({.machine_id = std::string(32, 'a')}, resolver, prechecks, hooks, guard, slots,
                    clock, ledger),
        aftermath(resolver, hooks, processes, ledger, {machine.folder_ / "pstore"}),
        worker({.health = {.timeout = 300s, .interval = 0s, .attempts = 1},
                .reboot_command = kReboot,
                .good_boot_command = {},
                .retry_pause = 10s},
               backend, preparation, aftermath, checks, processes, clock, ledger),
        lease(machine.state_ / "run_lease.json", clock),
        engine({.node_name = "node",
                .machine_id = {},
                .backend_name = "ab",
                .os_version = {},
                .maintenance = {}},
               backend, resolver, checks, preparation, hooks, clock, ledger, worker, lease) {
    ledger.Load();
    if (const std::string problem = lease.Load(); !problem.empty()) ledger.AddProblem(problem);
    worker.Start();
  }

  // Without a root document nothing is kept of whose signature is trusted.
  static channel::ResolverOptions Trust(const Machine& machine) {
    return {.trust = {.root = machine.RootDocument(),
                      .product = kProduct,
                      .required = machine.options_.trusts_signatures},
            .channel_url = {},
            .state_dir = machine.state_};
  }

  static std::vector<std::unique_ptr<health::Check>> MakeChecks(Machine& machine) {
    std::vector<std::unique_ptr<health::Check>> made;
    made.push_back(std::make_unique<fakes::FakeCheck>(
        "service", true, [&machine](std::stop_token stop) { return machine.FindHealth(stop); }));
    return made;
  }

  SweepClock clock;
  Processes processes;
  gpt::FdiskPartitionTable table;
  std::unique_ptr<LinuxBlockDevice> device;
  Started booted;
  ab::AbBackend backend;
  health::CheckRunner checks;
  engine::Ledger ledger;
  prechecks::Prechecks prechecks;
  hooks::Runner hooks;
  channel::TrustedResolver resolver;
  fakes::FakeRebootGuard guard;
  Slots slots;
  engine::Preparation preparation;
  engine::Aftermath aftermath;
  engine::Worker worker;
  engine::RunLease lease;
  engine::UpdateEngine engine;
};

Machine::Machine(fs::path folder, MachineOptions options, Layout layout)
    : folder_(std::move(folder)),
      disk_(folder_ / "disk.img"),
      state_(folder_ / "state"),
      options_(options),
      layout_(layout) {
  fs::create_directories(state_);
  Publish(http_);
  if (options_.trusts_signatures) {
    std::ofstream(RootDocument()) << ConfiguredRoot();
    PublishSignatures(http_);
  }
  std::ofstream(disk_).flush();
  recorder_ = std::make_unique<Recorder>(disk_, state_);
}

Machine::~Machine() {
  SwitchOff();
  recorder_.reset();
  std::error_code ignored;
  fs::remove_all(folder_, ignored);
}

health::Finding Machine::FindHealth(std::stop_token stop) {
  if (hold_trials_ && on_trial_) {
    moments_.Tell(Moment::kOnTrial);
    std::mutex mutex;
    std::condition_variable_any never;
    std::unique_lock lock(mutex);
    never.wait(lock, stop, [] { return false; });
    return {false, "held"};
  }
  const bool healthy = system_->behaviour == Behaviour::kGood;
  return {healthy, healthy ? "active" : "failed"};
}

void Machine::Insert(const Medium& medium, uint64_t starts) {
  SwitchOff();
  recorder_->Stop();
  WriteMedium(medium);
  inserted_ = medium;
  starts_ = starts;
  ticks_ = 0s;
  hold_trials_ = false;
  hold_reboots_ = false;
  recorder_->SetFirmwareFlushes(options_.firmware_flushes);
  recorder_->Begin(medium);
}

void Machine::WriteMedium(const Medium& medium) const {
  for (const auto& entry : fs::directory_iterator(state_)) fs::remove_all(entry.path());
  if (fs::file_size(disk_) != medium.disk.size()) fs::resize_file(disk_, medium.disk.size());
  for (const auto& [name, content] : medium.files) {
    if (name.ends_with('/')) {
      fs::create_directory(state_ / name);
    } else {
      std::ofstream(state_ / name, std::ios::binary) << content;
    }
  }
  std::ofstream(disk_, std::ios::binary | std::ios::in | std::ios::out)
      .write(reinterpret_cast<const char*>(medium.disk.data()),
             static_cast<std::streamsize>(medium.disk.size()));
}

std::vector<uint8_t> Machine::ReadDisk() const {
  std::vector<uint8_t> bytes(fs::file_size(disk_));
  std::ifstream(disk_, std::ios::binary)
      .read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  return bytes;
}

Medium Machine::ReadMedium() const {
  Medium medium{ReadDisk(), {}};
  for (const auto& entry : fs::recursive_directory_iterator(state_)) {
    const std::string name = entry.path().lexically_relative(state_).string();
    if (entry.is_directory()) {
      medium.files[name + "/"] = "";
    } else {
      std::ifstream file(entry.path(), std::ios::binary);
      medium.files[name] = {std::istreambuf_iterator<char>(file), {}};
    }
  }
  return medium;
}

Result<Medium> Machine::Contents() {
  const Journal journal = recorder_->journal();
  Storage storage(inserted_);
  for (const Operation& operation : journal) storage.Take(operation);
  Medium recorded = storage.Live();
  if (recorded == ReadMedium()) return recorded;
  return Fail(ErrorCode::kInternal, "something was written past the recorder");
}

Result<boot::DiskFile> Machine::OpenForFirmware() const {
  return boot::DiskFile::Open(disk_, boot::DiskAccess::kReadWrite, layout_.sector_bytes);
}

Result<> Machine::StartSystem() {
  MATIC_ASSIGN(boot::DiskFile file, OpenForFirmware());
  recorder_->SetActor(Actor::kFirmware);
  if (options_.firmware_mends) MATIC_TRY(MendTable(file));
  MATIC_ASSIGN(const Tries before, ReadTries(disk_, layout_));
  recorder_->SetActor(Actor::kSelector);
  const boot::SimulatedStart start = boot::SimulateStart(file, boot::Consume::kTry);
  recorder_->SetActor(Actor::kAgent);
  const std::string said = start.lines.empty() ? "" : start.lines.back();
  if (!start.started) return Fail(ErrorCode::kIo, "the selector finds nothing to start: " + said);
  if (start.started->last_resort) return Fail(ErrorCode::kIo, "only as a last resort: " + said);
  running_ = start.started->slot;
  on_trial_ = !start.started->attributes.successful;
  MATIC_ASSIGN(const Tries after, ReadTries(disk_, layout_));
  MATIC_TRY(JudgeTries(before, after, on_trial_ ? std::optional(running_) : std::nullopt));
  recorder_->NoteStart({running_, start.started->attributes, ++starts_});
  const std::vector<uint8_t> disk = ReadDisk();
  system_ = WholeSystemIn(layout_.SlotOf(disk, running_));
  if (system_ != nullptr) return {};
  return Fail(ErrorCode::kIo, "what is started was never verified: " + said);
}

Result<> Machine::Run() {
  for (int starts = 0; starts < kMostStarts; ++starts) {
    MATIC_TRY(StartSystem());
    if (system_->behaviour == Behaviour::kPanics) continue;
    moments_.Forget();
    ticks_ = std::chrono::minutes(starts_);
    agent_ = std::make_unique<Agent>(*this, ticks_);
    MATIC_ASSIGN(const Moment moment, AwaitAgent());
    if (moment != Moment::kRebootAsked) return {};
  }
  return Fail(ErrorCode::kIo, "it restarts for ever");
}

Result<Moment> Machine::AwaitAgent() {
  const Moment moment = moments_.Await();
  if (moment == Moment::kNone || moment == Moment::kNoEnd) {
    const std::string state(update::StateName(agent_->ledger.State().update));
    std::string problems;
    for (const std::string& problem : agent_->ledger.Problems()) problems += "; " + problem;
    return Fail(ErrorCode::kIo, "the agent comes to no rest, it is " + state + problems);
  }
  if (moment != Moment::kRebootAsked) return moment;
  SwitchOff();
  recorder_->ComeUp();
  return moment;
}

Result<> Machine::GoOn() {
  MATIC_ASSIGN(const Moment moment, AwaitAgent());
  if (moment == Moment::kRebootAsked) return Run();
  return {};
}

void Machine::SwitchOff() { agent_.reset(); }

engine::Engine& Machine::engine() { return agent_->engine; }

const engine::Ledger& Machine::ledger() const { return agent_->ledger; }

void Machine::CutDownload(uint64_t bytes) { http_.AddMishap({.cut_after = bytes}); }

void Machine::StallDownload(uint64_t bytes) {
  http_.AddMishap({.cut_after = bytes, .stalls = true});
}

Result<> Machine::AwaitPayload() const {
  const auto is_payload = [&](const Operation& operation) {
    const uint64_t end = operation.offset + operation.bytes.size();
    return operation.kind == Kind::kDiskWrite &&
           layout_.AreaOf(operation.offset, end) == Area::kPayload;
  };
  for (auto waited = 0ms; waited < kPatience; waited += 1ms) {
    if (std::ranges::any_of(recorder_->journal(), is_payload)) return {};
    std::this_thread::sleep_for(1ms);
  }
  return Fail(ErrorCode::kIo, "nothing of the image is written");
}

Result<> Machine::Damage(uint64_t at) {
  MATIC_ASSIGN(boot::DiskFile file, OpenForFirmware());
  std::vector<uint8_t> sector(layout_.sector_bytes);
  const uint64_t lba = at / sector.size();
  MATIC_TRY(file.Read(lba, sector));
  for (uint8_t& byte : sector) byte = static_cast<uint8_t>(~byte);
  recorder_->SetActor(Actor::kNobody);
  MATIC_TRY(file.Write(lba, sector));
  MATIC_TRY(file.Flush());
  recorder_->SetActor(Actor::kAgent);
  return {};
}

void Machine::Tick() {
  moments_.Forget();
  agent_->clock.Advance(1s);
}

engine::ScheduleRequest Machine::Request(const std::string& version) const {
  engine::ScheduleRequest request;
  request.source = UrlOf(version);
  request.sha256 = SystemOf(version).sha256;
  request.enable_auto_rollback = true;
  return request;
}

}  // namespace matic::crash
