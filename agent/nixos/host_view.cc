#include "agent/nixos/host_view.h"

#include <algorithm>
#include <utility>

#include "agent/nixos/generations.h"
#include "agent/nixos/system.h"
#include "lib/os/durable_file.h"

namespace matic::nixos {
namespace {

namespace fs = std::filesystem;

// Of a way back; slots count no higher than 15 either.
constexpr uint8_t kConfirmedPriority = 15;
constexpr uint8_t kPreviousPriority = 14;
constexpr uint8_t kGoldenPriority = 2;
constexpr uint8_t kOtherPriority = 1;

Result<std::string> ReadBootId(const fs::path& file) {
  MATIC_ASSIGN(std::string id, ReadFile(file, 256));
  id.erase(id.find_last_not_of(" \n") + 1);
  return id;
}

Result<fs::path> Resolve(const fs::path& link) {
  std::error_code error;
  fs::path system = fs::canonical(link, error);
  if (!error) return system;
  return Fail(OsError(link.string() + ", which says what a NixOS host runs", error.value()));
}

// Every system that is worth naming, once, the newest generation first.
std::vector<fs::path> Systems(const HostView& view) {
  std::vector<fs::path> systems;
  const auto add = [&](const fs::path& system) {
    if (!system.empty() && std::ranges::find(systems, system) == systems.end()) {
      systems.push_back(system);
    }
  };
  for (auto it = view.generations.rbegin(); it != view.generations.rend(); ++it) add(it->system);
  add(view.current);
  add(view.booted);
  if (view.state.confirmed) add(view.state.confirmed->system);
  if (view.state.trial) {
    add(view.state.trial->system);
    add(view.state.trial->previous);
  }
  if (view.golden) add(*view.golden);
  return systems;
}

uint64_t NumberOf(const HostView& view, const fs::path& system) {
  const auto found = std::ranges::find(view.generations.rbegin(), view.generations.rend(), system,
                                       &Generation::system);
  return found == view.generations.rend() ? 0 : found->number;
}

// The generation before the one that runs: what a person means by "back".
fs::path Previous(const HostView& view) {
  const uint64_t running = NumberOf(view, view.current);
  for (auto it = view.generations.rbegin(); it != view.generations.rend(); ++it) {
    const bool before = running == 0 || it->number < running;
    if (before && it->present && it->system != view.current) return it->system;
  }
  return {};
}

update::Target Describe(const HostView& view, const fs::path& system, const fs::path& previous) {
  std::error_code ignored;
  update::Target target;
  target.name = system.filename();
  target.device = system;
  target.digest = system;
  target.running = system == view.current;
  target.next = system == view.next_once.value_or(view.next_default.value_or(fs::path()));
  target.generation = NumberOf(view, system);
  target.golden = system == view.golden;
  const Result<System> read = ReadSystem(system);
  if (read) target.version = read->version;
  const bool on_trial = view.OnTrial(system);
  target.successful = !on_trial;
  // One on trial has used up its start, once the boot loader was told.
  const bool used_up = on_trial && view.state.trial->told && !target.running && !target.next;
  target.bootable = read.has_value() && !used_up;
  target.tries = on_trial && system == view.next_once ? 1 : 0;
  const bool confirmed = view.state.confirmed && view.state.confirmed->system == system;
  target.priority = confirmed            ? kConfirmedPriority
                    : system == previous ? kPreviousPriority
                    : target.golden      ? kGoldenPriority
                                         : kOtherPriority;
  return target;
}

}  // namespace

std::optional<fs::path> HostView::InProfile() const {
  const auto current = std::ranges::find_if(generations, &Generation::current);
  if (current == generations.end()) return std::nullopt;
  return current->system;
}

bool HostView::StartsForGood(const fs::path& system) const {
  return next_default == system && InProfile() == system;
}

bool HostView::OnTrial(const fs::path& system) const {
  return state.trial && state.trial->system == system;
}

Result<HostView> LookAtHost(const Programs& programs, const HostPaths& paths,
                            const Profile& profile, const BootLoader& boot_loader, HostState state,
                            std::stop_token stop) {
  HostView view;
  view.state = std::move(state);
  MATIC_ASSIGN(view.boot_id, ReadBootId(paths.boot_id));
  MATIC_ASSIGN(view.current, Resolve(paths.current_system));
  MATIC_ASSIGN(view.booted, Resolve(paths.booted_system));
  MATIC_ASSIGN(view.generations, profile.List());
  MATIC_ASSIGN(const std::optional<Generation> pinned, PinnedGolden(programs, paths));
  if (pinned) view.golden = pinned->system;
  MATIC_ASSIGN(view.next_default, boot_loader.Default(stop));
  if (!view.next_default) view.next_default = view.InProfile();
  MATIC_ASSIGN(view.next_once, boot_loader.Next(stop));
  return view;
}

update::Facts FactsOf(const HostView& view) {
  update::Facts facts;
  facts.boot_id = view.boot_id;
  const fs::path previous = Previous(view);
  for (const fs::path& system : Systems(view)) {
    facts.targets.push_back(Describe(view, system, previous));
  }
  return facts;
}

}  // namespace matic::nixos
