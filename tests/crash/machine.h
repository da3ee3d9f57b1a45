// A machine whose power may fail: the selector's policy and the agent's engine with its real
// backend, on a disk image and a state folder that are recorded.
#pragma once

#include <atomic>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "agent/ab/booted_system.h"
#include "agent/engine/update_engine.h"
#include "boot/sim/disk_file.h"
#include "lib/base/result.h"
#include "tests/crash/disk.h"
#include "tests/crash/medium.h"
#include "tests/crash/moments.h"
#include "tests/crash/recorder.h"
#include "tests/fakes/fake_http_client.h"

namespace matic::crash {

struct MachineOptions {
  // Some firmware's driver has nothing behind its flush (docs/formats.md, "Two copies").
  bool firmware_flushes = true;
  // EDK2's restores a bad copy of the partition table before it starts anything.
  bool firmware_mends = false;
  // Its updates are signed, and it takes no other (publisher.h).
  bool trusts_signatures = false;
};

class Machine {
 public:
  // `folder` is empty, and best on a tmpfs.
  Machine(std::filesystem::path folder, MachineOptions options, Layout layout);
  ~Machine();
  Machine(const Machine&) = delete;
  Machine& operator=(const Machine&) = delete;

  // It is switched off, and holds `medium`; recording begins. It was started `starts` times before.
  void Insert(const Medium& medium, uint64_t starts);
  // Starts it, and again as often as its systems ask, until the agent is at rest. kIo says what it
  // came to instead.
  Result<> Run();
  // The agent goes on until it is at rest, with restarts as in Run.
  Result<> GoOn();
  // Ends the agent wherever it is; what it wrote stays.
  void SwitchOff();

  // Health checks of systems on trial take for ever, from now on or no longer; Run and GoOn return
  // there.
  void HoldTrials(bool hold) { hold_trials_ = hold; }

  // A reboot that the agent asks for does not come, from now on or no longer; Run and GoOn return
  // there.
  void HoldReboots(bool hold) { hold_reboots_ = hold; }

  // While it runs.
  engine::Engine& engine();
  const engine::Ledger& ledger() const;
  const engine::Caller& caller() const { return caller_; }
  // An update to that system.
  engine::ScheduleRequest Request(const std::string& version) const;
  // The next one breaks off after so many.
  void CutDownload(uint64_t bytes);
  // The next one sends no more than so many, until it is cancelled.
  void StallDownload(uint64_t bytes);
  // Until something of an image's payload was written.
  Result<> AwaitPayload() const;
  // Some bytes of the disk go bad, for good.
  Result<> Damage(uint64_t at);
  // From the server, by all updates so far.
  uint64_t fetched_bytes() const { return http_.bytes_sent(); }
  // Passes: what is asked for next is another moment.
  void Tick();

  const std::filesystem::path& disk() const { return disk_; }
  const std::filesystem::path& state_folder() const { return state_; }
  const MachineOptions& options() const { return options_; }
  const Layout& layout() const { return layout_; }
  Recorder& recorder() { return *recorder_; }
  const Medium& inserted() const { return inserted_; }
  uint64_t starts() const { return starts_; }
  boot::Slot running() const { return running_; }
  // What the recorded operations come to. kInternal where that is not what is there: something was
  // written past the recorder.
  Result<Medium> Contents();

 private:
  struct Agent;
  Result<boot::DiskFile> OpenForFirmware() const;
  Result<> StartSystem();
  Result<Moments::Moment> AwaitAgent();
  health::Finding FindHealth(std::stop_token stop);
  void WriteMedium(const Medium& medium) const;
  std::vector<uint8_t> ReadDisk() const;
  Medium ReadMedium() const;
  std::filesystem::path RootDocument() const { return folder_ / "configured_root.json"; }

  const std::filesystem::path folder_;
  const std::filesystem::path disk_;
  const std::filesystem::path state_;
  const MachineOptions options_;
  const Layout layout_;
  const engine::Caller caller_{"admin alice"};
  std::unique_ptr<Recorder> recorder_;
  fakes::FakeHttpClient http_;
  Moments moments_;
  std::atomic<bool> hold_trials_ = false;
  std::atomic<bool> hold_reboots_ = false;

  Medium inserted_;
  uint64_t starts_ = 0;
  std::chrono::seconds ticks_{0};
  boot::Slot running_ = boot::Slot::kA;
  const System* system_ = nullptr;
  bool on_trial_ = false;
  std::unique_ptr<Agent> agent_;
};

}  // namespace matic::crash
