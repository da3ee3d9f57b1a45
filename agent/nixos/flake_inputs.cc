#include "agent/nixos/flake_inputs.h"

#include <utility>

#include "agent/nixos/nix_flags.h"
#include "lib/os/output_tail.h"

namespace matic::nixos {
namespace {

constexpr NixVersion kInputsAreNamed{2, 19};

}  // namespace

std::vector<std::string> UpdateCommand(const NixVersion& version, const InputsUpdate& update) {
  const std::string flake = update.flake.string();
  if (version >= kInputsAreNamed) {
    std::vector<std::string> arguments = {"--flake", flake};
    arguments.insert(arguments.end(), update.inputs.begin(), update.inputs.end());
    return WithFlakes({"nix", "flake", "update"}, arguments);
  }
  if (update.inputs.empty()) return WithFlakes({"nix", "flake", "update"}, {flake});
  std::vector<std::string> arguments = {flake};
  for (const std::string& input : update.inputs) {
    arguments.insert(arguments.end(), {"--update-input", input});
  }
  return WithFlakes({"nix", "flake", "lock"}, arguments);
}

Result<std::string> UpdateInputs(const Programs& programs, const NixVersion& version,
                                 const InputsUpdate& update, std::stop_token stop) {
  const std::string what = "update the inputs of " + update.flake.string();
  for (const std::string& input : update.inputs) {
    if (input.empty() || input[0] == '-') {
      return Fail(ErrorCode::kInvalidArgument, what + ": \"" + input + "\" is no name of an input");
    }
  }
  Result<std::string> updated = programs.Run(
      {.argv = UpdateCommand(version, update), .deadline = update.deadline}, std::move(stop));
  if (!updated) return Fail(updated.error().Context(what));
  // To Nix that is a warning.
  if (updated->find("does not match any input") != std::string::npos) {
    return Fail(ErrorCode::kNotFound, what + Quoted(OutputTail(*updated)));
  }
  return updated;
}

}  // namespace matic::nixos
