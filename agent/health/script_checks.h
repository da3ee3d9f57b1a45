// Executables that people put into a folder to say whether a system is good: required.d and
// wanted.d, as greenboot has them.
#pragma once

#include <filesystem>

#include "agent/health/configured_check.h"
#include "lib/os/process_runner.h"

namespace matic::health {

// Passes where the program exits with 0. Its last lines are the check's output. Nothing is run that
// others than root can change.
class ScriptCheck final : public ConfiguredCheck {
 public:
  ScriptCheck(std::string name, config::CheckSettings settings, std::filesystem::path program,
              ProcessRunner& processes);

  Finding Run(std::stop_token stop) override;

 private:
  std::filesystem::path program_;
  ProcessRunner& processes_;
};

// Those that are in the folders when it is called, by name; an earlier folder's stand for those of
// the same name in later ones, and a link to /dev/null for none. A folder that cannot be read is a
// check that fails. `processes` must outlive what is returned.
CheckFinder ScriptFinder(config::ScriptChecks scripts, ProcessRunner& processes);

}  // namespace matic::health
