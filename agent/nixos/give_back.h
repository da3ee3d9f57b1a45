// What a confirmed update does with the configuration that it was built of.
#pragma once

#include "agent/nixos/options.h"
#include "agent/nixos/steps.h"
#include "lib/os/clock.h"
#include "lib/os/process_runner.h"

namespace matic::nixos {

// Commits and pushes what nobody has committed in the configured flake (commit_back.h), where that
// is wanted and the flake lies in a folder of this machine. A step, whose failure is its only
// trace: what cannot be committed or pushed now is tried again after the next update.
void GiveBack(const NixosOptions& options, ProcessRunner& processes, Steps& steps,
              const Clock& clock);

}  // namespace matic::nixos
