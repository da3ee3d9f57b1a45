#include "agent/nixos/generations.h"

#include <algorithm>
#include <string>
#include <utility>

namespace matic::nixos {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::minutes kDeadline{5};

// Where a link such as /run/booted-system leads in the end; nothing where it leads nowhere.
Result<std::optional<fs::path>> Resolve(const fs::path& link) {
  std::error_code error;
  fs::path system = fs::canonical(link, error);
  if (error == std::errc::no_such_file_or_directory) return std::nullopt;
  if (error) return Fail(OsError(link.string(), error.value()));
  return system;
}

Result<> Delete(const Programs& programs, const fs::path& profile, std::vector<std::string> which,
                std::stop_token stop) {
  std::vector<std::string> argv = {"nix-env", "--profile", profile.string(),
                                   "--delete-generations"};
  argv.insert(argv.end(), which.begin(), which.end());
  const Result<std::string> deleted =
      programs.Run({.argv = std::move(argv), .deadline = kDeadline}, std::move(stop));
  if (!deleted) return Fail(deleted.error().Context("prune generations of " + profile.string()));
  return {};
}

}  // namespace

Result<std::vector<fs::path>> SystemsInUse(const Programs& programs, const HostPaths& paths,
                                           const HostState& state) {
  std::vector<fs::path> systems;
  for (const fs::path& link : {paths.booted_system, paths.current_system}) {
    MATIC_ASSIGN(std::optional<fs::path> system, Resolve(link));
    if (system) systems.push_back(*std::move(system));
  }
  if (state.confirmed) systems.push_back(state.confirmed->system);
  if (state.golden) systems.push_back(state.golden->system);
  if (state.trial) {
    systems.push_back(state.trial->system);
    systems.push_back(state.trial->previous);
  }
  MATIC_ASSIGN(const std::optional<Generation> pinned, PinnedGolden(programs, paths));
  if (pinned) systems.push_back(pinned->system);
  return systems;
}

std::vector<uint64_t> GenerationsToPrune(const std::vector<Generation>& generations,
                                         const std::vector<fs::path>& in_use, size_t keep) {
  size_t left = std::max(keep, kFewestGenerations);
  std::vector<uint64_t> gone;
  for (auto generation = generations.rbegin(); generation != generations.rend(); ++generation) {
    if (left > 0) {
      if (generation->present) --left;
      continue;
    }
    if (generation->current || std::ranges::count(in_use, generation->system) > 0) continue;
    gone.push_back(generation->number);
  }
  std::ranges::reverse(gone);
  return gone;
}

Result<std::vector<uint64_t>> PruneGenerations(const Programs& programs, const HostPaths& paths,
                                               const HostState& state, size_t keep,
                                               std::stop_token stop) {
  MATIC_ASSIGN(const std::vector<fs::path> in_use, SystemsInUse(programs, paths, state));
  MATIC_ASSIGN(const std::vector<Generation> generations, Profile(programs, paths.profile).List());
  std::vector<uint64_t> gone = GenerationsToPrune(generations, in_use, keep);
  if (gone.empty()) return gone;
  std::vector<std::string> numbers;
  for (const uint64_t number : gone) numbers.push_back(std::to_string(number));
  MATIC_TRY(Delete(programs, paths.profile, std::move(numbers), std::move(stop)));
  return gone;
}

Result<bool> DropTrial(const Programs& programs, const HostPaths& paths,
                       const std::vector<Generation>& generations, const TrialNote& trial,
                       std::stop_token stop) {
  std::vector<std::string> numbers;
  for (const Generation& generation : generations) {
    const bool of_trial = generation.system == trial.system && generation.created >= trial.time;
    if (of_trial && !generation.current) numbers.push_back(std::to_string(generation.number));
  }
  if (numbers.empty()) return false;
  MATIC_TRY(Delete(programs, paths.profile, std::move(numbers), std::move(stop)));
  return true;
}

// install-grub.pl makes no entries for a profile with a dash in its name.
fs::path GoldenProfile(const HostPaths& paths) { return paths.system_profiles / "matic_golden"; }

Result<std::optional<Generation>> PinnedGolden(const Programs& programs, const HostPaths& paths) {
  return Profile(programs, GoldenProfile(paths)).Current();
}

Result<Generation> PinGolden(const Programs& programs, const HostPaths& paths,
                             const fs::path& system, std::stop_token stop) {
  std::error_code error;
  fs::create_directories(paths.system_profiles, error);
  if (error) return Fail(OsError("make " + paths.system_profiles.string(), error.value()));
  const Profile profile(programs, GoldenProfile(paths));
  MATIC_ASSIGN(Generation golden, profile.Set(system, stop));
  MATIC_ASSIGN(const std::vector<Generation> generations, profile.List());
  if (generations.size() > 1) {
    MATIC_TRY(Delete(programs, profile.link(), {"old"}, std::move(stop)));
  }
  return golden;
}

}  // namespace matic::nixos
