#include "osctl/fleet/inventory/resolve.h"

#include <algorithm>
#include <map>
#include <set>

#include "lib/settings/document.h"
#include "osctl/fleet/inventory/address.h"
#include "osctl/fleet/inventory/circle.h"
#include "osctl/fleet/inventory/fields.h"
#include "osctl/fleet/inventory/limits.h"
#include "osctl/fleet/inventory/notes.h"

namespace matic::fleet {
namespace {

Address AddressOf(const DraftMachine& draft) {
  if (draft.address) return *draft.address;
  if (draft.host.empty()) return LocalAddress{};  // the controller itself
  const std::string bare =
      draft.host.starts_with('[') ? draft.host.substr(1, draft.host.size() - 2) : draft.host;
  if (!draft.user.empty()) {
    return SshAddress{.user = draft.user, .host = bare, .port = draft.port.value_or(0)};
  }
  return TlsAddress{bare, draft.port.value_or(TlsAddress().port)};
}

class Resolving {
 public:
  Resolving(const Draft& draft, const std::string& file, Reading reading)
      : draft_(draft), file_(file), whole_(reading == Reading::kWhole) {}

  Resolved Run() {
    resolved_.inventory.name = draft_.name;
    resolved_.inventory.settings = draft_.settings;
    for (const DraftMachine& machine : draft_.machines) AddMachine(machine);
    for (const DraftGroup& group : draft_.groups) group_lines_.emplace(group.name, group.line);
    for (const DraftGroup& group : draft_.groups) AddGroup(group);
    if (draft_.groups.empty()) AddGroupOfAll();
    RefuseCircle();
    AddChannels();
    if (whole_ && draft_.machines.empty() && draft_.catalogue.exec.empty()) {
      Refuse(file_, 0,
             "no machine is listed: `machines` names them, or `inventory.exec` a program");
    }
    if (resolved_.problems.empty()) resolved_.notes = NotesOn(resolved_.inventory);
    return std::move(resolved_);
  }

 private:
  void Refuse(const std::string& file, size_t line, const std::string& wrong) {
    if (resolved_.problems.size() == kMaxProblems) return;
    resolved_.problems.push_back(
        {ErrorCode::kInvalidArgument, settings::Place(file, line) + ": " + wrong});
  }

  void AddMachine(const DraftMachine& draft) {
    if (draft.name.empty()) return;  // refused before
    const std::string key = "machines." + draft.name + ": ";
    const auto place = settings::Place(draft.source, draft.line);
    if (const auto [first, is_new] = machines_.emplace(draft.name, place); !is_new) {
      Refuse(draft.source, draft.line, key + "is there already, at " + first->second);
      return;
    }
    Machine machine{.name = draft.name,
                    .address = AddressOf(draft),
                    .tags = draft.tags,
                    .target = MakeTarget(draft.target),
                    .self = draft.self};
    const std::string address = FormatAddress(machine.address);
    const auto [first, is_new] = addresses_.emplace(address, draft.name);
    if (!is_new && whole_) {
      Refuse(draft.source, draft.line,
             key + "has the address of '" + first->second + "' (" + address + ")");
    }
    if (machine.self && !controller_.empty()) {
      Refuse(draft.source, draft.line,
             key + "self: '" + controller_ + "' is the controller already");
    }
    if (machine.self) controller_ = machine.name;
    for (const std::string& tag : machine.tags) tags_.insert(tag);
    resolved_.inventory.machines.push_back(std::move(machine));
  }

  void AddGroup(const DraftGroup& draft) {
    if (draft.name.empty()) return;  // refused before
    if (resolved_.inventory.FindGroup(draft.name) != nullptr) {
      Refuse(file_, draft.line, "groups." + draft.name + ": is given twice");
      return;
    }
    Group group = draft.group;
    group.name = draft.name;
    group.target = MakeTarget(draft.target);
    if (group.timezone.empty()) group.timezone = draft_.settings.blackout_timezone;
    group.machines = MembersOf(draft);
    for (const Located& name : draft.dependencies) {
      const std::string key = "groups." + draft.name + ".dependencies: ";
      if (!group_lines_.contains(name.text)) {
        Refuse(file_, name.line, key + "there is no group '" + name.text + "'");
      } else if (std::ranges::find(group.dependencies, name.text) != group.dependencies.end()) {
        Refuse(file_, name.line, key + "'" + name.text + "' is listed twice");
      } else {
        group.dependencies.push_back(name.text);
      }
    }
    resolved_.inventory.groups.push_back(std::move(group));
  }

  std::vector<std::string> MembersOf(const DraftGroup& draft) {
    const std::string key = "groups." + draft.name;
    std::vector<std::string> members;
    std::set<std::string> seen;
    for (const Located& name : draft.machines) {
      if (!machines_.contains(name.text)) {
        if (!AllMachinesAreKnown()) continue;
        Refuse(file_, name.line, key + ".machines: there is no machine '" + name.text + "'");
      } else if (!seen.insert(name.text).second) {
        Refuse(file_, name.line, key + ".machines: '" + name.text + "' is listed twice");
      } else {
        members.push_back(name.text);
      }
    }
    std::set<std::string> wanted;
    for (const Located& tag : draft.tags) {
      wanted.insert(tag.text);
      // What a program prints may be without one today.
      if (whole_ && !tags_.contains(tag.text) && draft_.catalogue.exec.empty()) {
        Refuse(file_, tag.line, key + ".tags: no machine has the tag '" + tag.text + "'");
      }
    }
    for (const Machine& machine : resolved_.inventory.machines) {
      const bool tagged = std::ranges::any_of(
          machine.tags, [&wanted](const std::string& tag) { return wanted.contains(tag); });
      if ((tagged || draft.all_machines) && seen.insert(machine.name).second) {
        members.push_back(machine.name);
      }
    }
    return members;
  }

  // Nobody is missing whose name could not be read.
  bool AllMachinesAreKnown() const {
    return whole_ ||
           (!draft_.machines.empty() &&
            std::ranges::none_of(draft_.machines, &std::string::empty, &DraftMachine::name));
  }

  // Who lists machines and nothing else wants all of them updated.
  void AddGroupOfAll() {
    Group group;
    group.name = "all";
    group.timezone = draft_.settings.blackout_timezone;
    for (const Machine& machine : resolved_.inventory.machines) {
      group.machines.push_back(machine.name);
    }
    resolved_.inventory.groups.push_back(std::move(group));
  }

  void RefuseCircle() {
    const std::vector<std::string> circle = FindCircle(resolved_.inventory.groups);
    if (circle.empty()) return;
    Refuse(file_, group_lines_[circle.front()],
           "groups." + circle.front() + ".dependencies: depends on itself: " + CircleText(circle));
  }

  void AddChannels() {
    std::set<std::string> names;
    for (const DraftChannel& draft : draft_.channels) {
      if (draft.name.empty()) continue;  // refused before
      if (!names.insert(draft.name).second) {
        Refuse(file_, draft.line, "notifications.channels." + draft.name + ": is given twice");
        continue;
      }
      resolved_.inventory.channels.push_back(draft.settings);
      resolved_.inventory.channels.back().name = draft.name;
    }
    std::vector<std::string>& told = resolved_.inventory.settings.notification_channels;
    for (const Located& name : draft_.told) {
      if (names.contains(name.text)) {
        told.push_back(name.text);
      } else if (whole_) {
        Refuse(file_, name.line,
               "settings.notificationChannels: there is no channel '" + name.text +
                   "' in `notifications.channels`");
      }
    }
    resolved_.inventory.metrics = draft_.metrics;
  }

  const Draft& draft_;
  const std::string& file_;
  const bool whole_;
  std::map<std::string, std::string> machines_;   // to where they stand
  std::map<std::string, std::string> addresses_;  // to machines
  std::map<std::string, size_t> group_lines_;
  std::set<std::string> tags_;
  std::string controller_;
  Resolved resolved_;
};

}  // namespace

Resolved Resolve(const Draft& draft, const std::string& file, Reading reading) {
  return Resolving(draft, file, reading).Run();
}

}  // namespace matic::fleet
