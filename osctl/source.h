// What is wrong with an update's source and digest, said before a node is asked.
#pragma once

#include <string>

#include "lib/base/result.h"

namespace matic::osctl {

// A URL with a scheme that agents take. A path of this machine gets the URL it would have; whether
// a file is there is for the node to say.
Result<> CheckSource(const std::string& source);

// A path in a Nix store, with its hash: "/nix/store/8fk2…-nixos-system-web-24.11".
Result<> CheckStorePath(const std::string& path);

// 64 hexadecimal digits.
Result<> CheckSha256(const std::string& digits);

}  // namespace matic::osctl
