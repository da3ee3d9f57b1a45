// The generations of a Nix profile, such as /nix/var/nix/profiles/system: links PROFILE-N-link
// beside it into the store, of which the link PROFILE names one (nix-env(1)).
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "agent/nixos/programs.h"
#include "lib/base/result.h"
#include "lib/base/time.h"

namespace matic::nixos {

struct Generation {
  uint64_t number = 0;
  std::filesystem::path system;  // in the store
  WallTime created{};
  bool current = false;  // the profile names it
  bool present = false;  // the store still holds its system
};

// Everything is read anew at each call; nix-env's own lock keeps changes apart.
class Profile {
 public:
  Profile(const Programs& programs, std::filesystem::path link);

  const std::filesystem::path& link() const { return link_; }

  // In the order of their numbers; none where there is no profile yet. Links that lead nowhere are
  // among them, not present.
  //   kRefused  the profile is a folder or a file
  //   kCorrupt  it names no generation, or one that is gone
  Result<std::vector<Generation>> List() const;

  // Nothing where there is no profile yet.
  Result<std::optional<Generation>> Current() const;

  // The number that Set gives to `system`: that of the current generation where it holds it, or of
  // the newest one, else one more than the newest.
  Result<uint64_t> NumberOf(const std::filesystem::path& system) const;

  // Makes a generation of `system` the current one; done twice, there is one generation all the
  // same. What it names is on disk before the profile is changed, and the change is when this
  // returns: after a power loss the profile names the old generation or the new one. kNotFound
  // where the store does not hold `system`.
  Result<Generation> Set(const std::filesystem::path& system, std::stop_token stop) const;

  // Likewise for a generation that is there. kNotFound where it does not exist, or a garbage
  // collection took its system.
  Result<Generation> SwitchTo(uint64_t number, std::stop_token stop) const;

 private:
  Result<std::optional<uint64_t>> CurrentNumber() const;
  Result<> Change(const std::filesystem::path& system, std::vector<std::string> arguments,
                  std::stop_token stop) const;
  Result<Generation> ReadBack(const std::filesystem::path& system) const;

  const Programs& programs_;
  std::filesystem::path link_;
};

}  // namespace matic::nixos
