// Which generations of a machine stay, and the golden one that always does.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <stop_token>
#include <vector>

#include "agent/nixos/host_paths.h"
#include "agent/nixos/host_state.h"
#include "agent/nixos/profile.h"
#include "agent/nixos/programs.h"
#include "lib/base/result.h"

namespace matic::nixos {

// No setting goes below it.
inline constexpr size_t kFewestGenerations = 10;

// The systems that this machine runs, may have to go back to, or is trying: booted, current,
// confirmed, golden (as noted and as pinned), the one on trial and the one before it.
Result<std::vector<std::filesystem::path>> SystemsInUse(const Programs& programs,
                                                        const HostPaths& paths,
                                                        const HostState& state);

// What goes when the `keep` newest generations that are still whole stay, and all of the systems
// `in_use`, and the profile's current one. Who made a generation does not matter. In the order of
// their numbers.
std::vector<uint64_t> GenerationsToPrune(const std::vector<Generation>& generations,
                                         const std::vector<std::filesystem::path>& in_use,
                                         size_t keep);

// The numbers that went. Their boot entries go when switch-to-configuration next writes these,
// their systems with the next garbage collection. nix-env refuses, and nothing is gone, where
// another program has made one of them the current one meanwhile.
Result<std::vector<uint64_t>> PruneGenerations(const Programs& programs, const HostPaths& paths,
                                               const HostState& state, size_t keep,
                                               std::stop_token stop);

// What the trial of a system that failed made of the profile goes: its generations since then, but
// for the current one. Whether there were any.
Result<bool> DropTrial(const Programs& programs, const HostPaths& paths,
                       const std::vector<Generation>& generations, const TrialNote& trial,
                       std::stop_token stop);

// The golden system has a profile of its own, "matic_golden" among the system profiles: the garbage
// collector leaves it alone, and it gets a boot entry the next time switch-to-configuration writes
// these.
std::filesystem::path GoldenProfile(const HostPaths& paths);

// Nothing where none is pinned. Errors as of Profile::List.
Result<std::optional<Generation>> PinnedGolden(const Programs& programs, const HostPaths& paths);

// Pins `system`, and then unpins the one before: at no time, and after no power loss, is none
// pinned. kNotFound where the store does not hold `system`; the one before stays.
Result<Generation> PinGolden(const Programs& programs, const HostPaths& paths,
                             const std::filesystem::path& system, std::stop_token stop);

}  // namespace matic::nixos
