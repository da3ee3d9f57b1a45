#include "osctl/fleet/inventory/notes.h"

#include <algorithm>
#include <map>

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

}  // namespace

std::vector<std::string> NotesOn(const Inventory& inventory) {
  std::vector<std::string> notes;
  NoteMembers(inventory, notes);
  for (const Group& group : inventory.groups) NoteGroup(group, inventory.settings, notes);
  return notes;
}

}  // namespace matic::fleet
