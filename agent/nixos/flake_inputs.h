// Moving the inputs of a flake to their newest revisions, in its flake.lock.
#pragma once

#include <chrono>
#include <filesystem>
#include <stop_token>
#include <string>
#include <vector>

#include "agent/nixos/nix_version.h"
#include "agent/nixos/programs.h"
#include "lib/base/result.h"

namespace matic::nixos {

struct InputsUpdate {
  std::filesystem::path flake;      // the folder with flake.nix
  std::vector<std::string> inputs;  // none: all of them
  std::chrono::milliseconds deadline = std::chrono::minutes(15);
};

// The command line that this Nix takes. From 2.19 on `nix flake update` is given the inputs and not
// the flake; before that it knew no inputs, and `nix flake lock` did.
std::vector<std::string> UpdateCommand(const NixVersion& version, const InputsUpdate& update);

// flake.lock is whole and old, or whole and new; it is made where there was none.
//   kInvalidArgument  an input with a name that none can have
//   kNotFound         an input that the flake has not; flake.lock may have changed for the others
Result<std::string> UpdateInputs(const Programs& programs, const NixVersion& version,
                                 const InputsUpdate& update, std::stop_token stop);

}  // namespace matic::nixos
