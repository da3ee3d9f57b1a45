// Switching the running system to another one, in a unit of its own: an activation may restart the
// agent, and must not be ended with it.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <stop_token>
#include <string>
#include <string_view>

#include "agent/nixos/activation_record.h"
#include "agent/nixos/host_paths.h"
#include "agent/nixos/programs.h"
#include "agent/nixos/switch.h"
#include "lib/base/result.h"
#include "lib/os/clock.h"

namespace matic::nixos {

// What the names of its units begin with.
inline constexpr std::string_view kActivationUnit = "matic-activation-";

struct Activation {
  std::filesystem::path system;  // in the store
  // Of this attempt, at most 64 letters, digits, '-', '_' or '.': its unit is
  // matic-activation-ID.service. Another attempt at the same system has another one.
  std::string id;
  std::chrono::milliseconds deadline = std::chrono::minutes(15);
};

// What was printed since it was last told.
using OutputSink = std::function<void(std::string_view)>;

class Activator {
 public:
  // `folder` is the agent's state folder. `environment` is what an activation sees beside systemd's
  // own, PATH above all.
  Activator(const Programs& programs, Clock& clock, const HostPaths& paths,
            std::filesystem::path folder, std::vector<std::string> environment);

  // Runs `switch-to-configuration test` of the system and waits for its end. Asked again with the
  // same id and system in the same boot, by an agent that was restarted meanwhile, it goes on
  // waiting, or tells the result that is there; what ran under another id is stopped first.
  //   kInvalidArgument  no such id
  //   kNotFound         the store does not hold the system (any more), or a program is missing
  //   kRefused          somebody else's switch-to-configuration is running
  //   kDeadline         it took too long and was stopped, half done
  //   kCancelled        nobody waits for it any more: it runs on, and can be waited for again
  //   kCorrupt          its result cannot be read
  //   kIo               it failed, or was killed: the error quotes what it said last
  Result<SwitchOutcome> Activate(const Activation& activation, const OutputSink& sink,
                                 std::stop_token stop) const;

  // Stops what runs, and leaves no trace of it or of its result.
  Result<> Forget(std::stop_token stop) const;

 private:
  enum class UnitState { kAbsent, kRunning, kEnded, kNotTold };

  Result<bool> HasBegun(const ActivationNote& note, std::stop_token stop) const;
  Result<ActivationNote> Begin(const Activation& activation, const std::string& boot_id,
                               std::stop_token stop) const;
  Result<> StartUnit(const Activation& activation, const ActivationNote& note,
                     std::stop_token stop) const;
  Result<> StopUnits(std::stop_token stop) const;
  UnitState StateOf(const std::string& id, std::stop_token stop) const;
  Result<SwitchOutcome> Await(const Activation& activation, const ActivationNote& note,
                              const OutputSink& sink, std::stop_token stop) const;
  Result<SwitchOutcome> Conclude(const ActivationNote& note, int exit_code,
                                 std::stop_token stop) const;
  Error Killed(const ActivationNote& note, std::stop_token stop) const;

  const Programs& programs_;
  Clock& clock_;
  const HostPaths paths_;
  const ActivationRecord record_;
  const std::vector<std::string> environment_;
};

}  // namespace matic::nixos
