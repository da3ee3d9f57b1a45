// Options that every call of the new command line needs.
#pragma once

#include <string>
#include <vector>

namespace matic::nixos {

// Flakes are experimental to this day: machines that have not turned them on build them all the
// same.
inline std::vector<std::string> WithFlakes(std::vector<std::string> argv,
                                           const std::vector<std::string>& arguments) {
  argv.insert(argv.end(), {"--extra-experimental-features", "nix-command flakes"});
  argv.insert(argv.end(), arguments.begin(), arguments.end());
  return argv;
}

}  // namespace matic::nixos
