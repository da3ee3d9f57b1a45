// bin/switch-to-configuration of a NixOS system: what it is asked for, and what its end means
// (nixpkgs' switch-to-configuration.pl and switch-to-configuration-ng).
#pragma once

#include <chrono>
#include <filesystem>
#include <stop_token>
#include <string>
#include <vector>

#include "agent/nixos/failed_units.h"
#include "agent/nixos/host_paths.h"
#include "agent/nixos/programs.h"
#include "lib/base/result.h"

namespace matic::nixos {

enum class SwitchAction {
  kCheck,        // the system's own pre-switch checks
  kDryActivate,  // tells what an activation would do
  kBoot,         // makes it what the boot loader starts by default
};

enum class SwitchEffect {
  kDone,
  kNotKnown,    // an older system, whose switch-to-configuration has no such action
  kAtNextBoot,  // its init does not fit the running one: nothing was activated
};

struct SwitchOutcome {
  SwitchEffect effect = SwitchEffect::kDone;
  std::vector<std::string> warnings = {};  // such as units that had failed before as well
  std::string output = {};                 // the last 64 KiB
};

struct SwitchRequest {
  std::filesystem::path system;  // in the store
  SwitchAction action;
  std::chrono::milliseconds deadline = std::chrono::minutes(15);
};

// Runs it to its end. What kBoot has written is on disk when this returns.
//   kNotFound  the system is not in the store any more, or cannot be switched to
//   kRefused   another switch-to-configuration is running
//   kIo        it failed: the error quotes its last lines
Result<SwitchOutcome> RunSwitch(const Programs& programs, const HostPaths& paths,
                                const SwitchRequest& request, std::stop_token stop);

// How a switch-to-configuration ended.
struct SwitchEnd {
  std::filesystem::path system;
  std::string action;  // "test"
  int exit_code = 0;
  std::string output = {};
};

// A 4 says that units failed. Those of `before` had failed already, so that the others alone make
// it an error; `after` is asked where the output names none.
Result<SwitchOutcome> Judge(SwitchEnd end, const UnitNames& before, const UnitNames& after);

// What it wants to know of its surroundings, beside PATH: where the locales are.
std::vector<std::string> SwitchEnvironment();

}  // namespace matic::nixos
