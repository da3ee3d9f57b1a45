#include "osctl/fleet/inventory/ansible.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string_view>

#include "lib/settings/document.h"
#include "lib/settings/values.h"
#include "osctl/fleet/inventory/address.h"
#include "osctl/fleet/inventory/fields.h"
#include "osctl/fleet/inventory/limits.h"

namespace matic::fleet {
namespace {

using settings::Value;

const Value kNothing;

const Value& Find(const Value& section, std::string_view key) {
  for (const auto& [name, value] : section.entries) {
    if (name.text == key) return value;
  }
  return kNothing;
}

struct Host {
  std::string name;
  size_t line = 0;
  std::set<std::string> groups;
};

class AnsibleReader {
 public:
  AnsibleReader(const Value& root, const std::filesystem::path& source,
                std::vector<Error>& problems)
      : root_(root), source_(source), problems_(problems) {
    for (const auto& [name, vars] : Find(Find(root, "_meta"), "hostvars").entries) {
      hostvars_[name.text] = &vars;
    }
    for (const auto& [name, group] : root.entries) groups_[name.text] = &group;
    groups_.erase("_meta");
  }

  void Read(std::vector<DraftMachine>& machines) {
    for (const auto& [name, group] : root_.entries) {
      if (name.text == "_meta") continue;
      std::set<std::string> seen;
      AddHosts(name.text, name.text, seen);
    }
    for (const auto& [name, vars] : Find(Find(root_, "_meta"), "hostvars").entries) AddHost(name);
    for (const Host& host : hosts_) AddMachine(host, machines);
  }

 private:
  void Refuse(size_t line, const std::string& wrong) {
    if (problems_.size() == kMaxProblems) return;
    problems_.push_back(
        {ErrorCode::kInvalidArgument, settings::Place(source_, line) + ": " + wrong});
  }

  Host& AddHost(const Value& name) {
    const auto [it, is_new] = index_.emplace(name.text, hosts_.size());
    if (is_new) hosts_.push_back({name.text, name.line, {}});
    return hosts_[it->second];
  }

  // Those of `group` and of the groups in it, which may be in each other.
  void AddHosts(const std::string& tag, const std::string& group, std::set<std::string>& seen) {
    const auto found = groups_.find(group);
    if (found == groups_.end()) return;
    std::vector<const Value*> open = {found->second};
    seen.insert(group);
    while (!open.empty()) {
      const Value& next = *open.back();
      open.pop_back();
      const Value& hosts = next.IsList() ? next : Find(next, "hosts");
      for (const Value& name : hosts.items) AddHost(name).groups.insert(tag);
      for (const Value& child : Find(next, "children").items) {
        const auto inner = groups_.find(child.text);
        if (inner != groups_.end() && seen.insert(child.text).second) open.push_back(inner->second);
      }
    }
  }

  // The host's own, else one of its groups, "all" last.
  const Value& Variable(const Host& host, std::string_view key) const {
    if (const auto own = hostvars_.find(host.name); own != hostvars_.end()) {
      if (const Value& value = Find(*own->second, key); value.IsText()) return value;
    }
    for (const std::string& group : host.groups) {
      if (group == "all") continue;
      const Value& value = Find(Find(*groups_.at(group), "vars"), key);
      if (value.IsText()) return value;
    }
    const auto all = groups_.find("all");
    return all == groups_.end() ? kNothing : Find(Find(*all->second, "vars"), key);
  }

  void AddMachine(const Host& host, std::vector<DraftMachine>& machines) {
    if (!IsFleetName(host.name)) {
      Refuse(host.line,
             "host '" + host.name.substr(0, 64) + "': its name must be " + std::string(kNameWords));
      return;
    }
    DraftMachine machine;
    machine.name = host.name;
    machine.line = host.line;
    machine.self = Variable(host, "ansible_connection").text == "local";
    const Value& given = Variable(host, "matic_address");
    const Result<Address> address =
        given.IsText() ? ParseAddress(given.text) : ParseAddress(SshAddressOf(host));
    if (!address) {
      Refuse(host.line, "host '" + host.name + "': its address " + address.error().message);
      return;
    }
    if (given.IsText() || !machine.self) machine.address = *address;
    for (const std::string& group : host.groups) {
      if (group != "all" && group != "ungrouped" && IsFleetName(group))
        machine.tags.push_back(group);
    }
    machines.push_back(std::move(machine));
  }

  std::string SshAddressOf(const Host& host) const {
    const Value& name = Variable(host, "ansible_host");
    const Value& user = Variable(host, "ansible_user");
    const Value& port = Variable(host, "ansible_port");
    std::string text = "ssh://";
    if (user.IsText()) text += user.text + "@";
    const std::string& at = name.IsText() ? name.text : host.name;
    text += at.find(':') == std::string::npos ? at : "[" + at + "]";
    if (port.IsText()) text += ":" + port.text;
    return text;
  }

  const Value& root_;
  const std::filesystem::path& source_;
  std::vector<Error>& problems_;
  std::map<std::string, const Value*> hostvars_;
  std::map<std::string, const Value*> groups_;
  std::map<std::string, size_t> index_;  // of hosts_
  std::vector<Host> hosts_;
};

}  // namespace

bool IsAnsible(const Value& root) {
  return Find(root, "_meta").IsSection() || Find(root, "all").IsSection();
}

void ReadAnsible(const Value& root, const std::filesystem::path& source,
                 std::vector<DraftMachine>& machines, std::vector<Error>& problems) {
  AnsibleReader(root, source, problems).Read(machines);
}

}  // namespace matic::fleet
