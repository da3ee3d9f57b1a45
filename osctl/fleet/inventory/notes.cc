#include "osctl/fleet/inventory/notes.h"

#include <unistd.h>

#include <algorithm>
#include <map>
#include <utility>

#include "lib/calendar/moment.h"

namespace matic::fleet {
namespace {

// "a, b, c and 12 more".
std::string Several(const std::vector<std::string>& names) {
  constexpr size_t kShown = 5;
  std::string text;
  for (size_t i = 0; i < std::min(names.size(), kShown); ++i) {
    text += (i == 0 ? "" : ", ") + names[i];
  }
  if (names.size() > kShown) text += " and " + std::to_string(names.size() - kShown) + " more";
  return text;
}

void NoteMembers(const Inventory& inventory, std::vector<std::string>& notes) {
  std::map<std::string, std::vector<std::string>> groups;
  for (const Group& group : inventory.groups) {
    for (const std::string& name : group.machines) groups[name].push_back(group.name);
  }
  std::vector<std::string> alone;
  std::map<std::string, std::vector<std::string>> shared;
  for (const Machine& machine : inventory.machines) {
    const auto& of = groups[machine.name];
    if (of.empty()) alone.push_back(machine.name);
    if (of.size() > 1) shared[Several(of)].push_back(machine.name);
  }
  if (!alone.empty()) {
    notes.push_back("in no group, so that no run updates them: " + Several(alone));
  }
  for (const auto& [together, machines] : shared) {
    notes.push_back("in several groups (" + together +
                    "), of which a run may have one only: " + Several(machines));
  }
}

void NoteGroup(const Group& group, const Settings& settings, std::vector<std::string>& notes) {
  const std::string start = "groups." + group.name + ": ";
  const Group usual;
  if (group.machines.empty()) notes.push_back(start + "no machine is in it");
  if (group.parallel.value_or(0) > settings.max_parallel) {
    notes.push_back(start + "`parallel` is more than `settings.maxParallel` (" +
                    std::to_string(settings.max_parallel) + "), which holds");
  }
  if (group.policy == UpdatePolicy::kAggressive &&
      (group.canaries != usual.canaries || group.soak != usual.soak)) {
    notes.push_back(start + "`canary` says nothing with `updatePolicy: aggressive`");
  }
}

void NoteScripts(const Group& group, std::vector<std::string>& notes) {
  const std::pair<const char*, const std::string&> scripts[] = {
      {"preScript", group.pre_script},
      {"postScript", group.post_script},
      {"rollbackScript", group.rollback_script}};
  for (const auto& [key, path] : scripts) {
    if (path.empty() || ::access(path.c_str(), X_OK) == 0) continue;
    notes.push_back("groups." + group.name + ": `" + key + "`: no program " + path +
                    " is on this machine");
  }
}

// The pauses alone may be more than a run has time for.
void NoteTime(const Inventory& inventory, std::vector<std::string>& notes) {
  const Settings& settings = inventory.settings;
  std::chrono::seconds between_groups{0};
  std::chrono::seconds stagger{0};  // of the group before
  size_t reboots = 0;
  for (const Group& group : inventory.groups) {
    const bool soaks = group.policy != UpdatePolicy::kAggressive && group.canaries > 0 &&
                       group.machines.size() > group.canaries;
    between_groups += stagger + (soaks ? group.soak : std::chrono::seconds(0));
    stagger = group.stagger;
    if (group.allow_reboot) reboots += group.machines.size();
  }
  const auto between_reboots = settings.reboot_stagger * (reboots == 0 ? 0 : reboots - 1);
  const std::string limit = ", which is more than `settings.runLimit` (" +
                            calendar::FormatDuration(settings.run_limit) + ")";
  if (between_groups > settings.run_limit) {
    notes.push_back("a run of all groups pauses for " + calendar::FormatDuration(between_groups) +
                    " by `staggerDelay` and `canary.soakTime`" + limit);
  }
  if (between_reboots > settings.run_limit) {
    notes.push_back(std::to_string(reboots) + " machines take " +
                    calendar::FormatDuration(between_reboots) +
                    " to reboot by `settings.rebootDelay`" + limit);
  }
}

}  // namespace

std::vector<std::string> NotesOn(const Inventory& inventory) {
  std::vector<std::string> notes;
  NoteMembers(inventory, notes);
  for (const Group& group : inventory.groups) {
    NoteGroup(group, inventory.settings, notes);
    NoteScripts(group, notes);
  }
  NoteTime(inventory, notes);
  return notes;
}

}  // namespace matic::fleet
