// Which Nix this machine has, where its command line has changed.
#pragma once

#include <compare>
#include <cstdint>
#include <stop_token>
#include <string_view>

#include "agent/nixos/programs.h"
#include "lib/base/result.h"

namespace matic::nixos {

struct NixVersion {
  uint32_t major = 0;
  uint32_t minor = 0;

  auto operator<=>(const NixVersion&) const = default;
};

// Of what `nix --version` prints: "nix (Nix) 2.8.0", "nix (Nix) 2.25.0pre20240910_abc",
// "nix (Lix, like Nix) 2.91.1", "nix (Determinate Nix 3.6.2) 2.29.0". Warnings before it are passed
// by. kInvalidArgument where there is no version in it.
Result<NixVersion> ParseNixVersion(std::string_view output);

Result<NixVersion> GetNixVersion(const Programs& programs, std::stop_token stop);

}  // namespace matic::nixos
