// Systems that are named by their place in the Nix store, and keeping them there.
#pragma once

#include <filesystem>
#include <stop_token>
#include <string_view>

#include "agent/nixos/programs.h"
#include "agent/nixos/system.h"
#include "lib/base/result.h"

namespace matic::nixos {

// STORE/HASH-NAME, as Nix writes it: no derivation, no file in a store path, no link to one.
// kInvalidArgument for anything else.
Result<std::filesystem::path> ParseStorePath(std::string_view text,
                                             const std::filesystem::path& store = "/nix/store");

// Makes `link` a root of the garbage collector for `path` and all that it needs: for as long as the
// link is there. One that was there before is replaced, in one step; after a power loss it leads to
// the old path or to this one, whose content is durable. Nothing is downloaded or built for it.
//   kNotFound  the store knows no such path: it was not copied here, or was collected
//   kRefused   `link` is a file or a folder
Result<> KeepInStore(const Programs& programs, const std::filesystem::path& path,
                     const std::filesystem::path& link, std::stop_token stop);

// The system at a store path that somebody built elsewhere and copied here, kept by `link`. Errors
// as above; kInvalidArgument also where it is no system that can be activated, and `link` is what
// it was then.
Result<System> AdoptSystem(const Programs& programs, const std::filesystem::path& path,
                           const std::filesystem::path& link, std::stop_token stop);

}  // namespace matic::nixos
