#include "osctl/fleet/inventory/circle.h"

#include <algorithm>
#include <map>

namespace matic::fleet {
namespace {

using Needs = std::map<std::string, std::vector<std::string>>;

// Takes out the groups that depend on none that is left, until there are no more of them.
Needs WithoutFree(const std::vector<Group>& groups) {
  Needs left;
  for (const Group& group : groups) left[group.name] = group.dependencies;
  for (;;) {
    const auto is_free = [&left](const auto& entry) {
      return std::ranges::none_of(entry.second,
                                  [&left](const auto& name) { return left.contains(name); });
    };
    std::vector<std::string> free;
    for (const auto& entry : left) {
      if (is_free(entry)) free.push_back(entry.first);
    }
    if (free.empty()) return left;
    for (const std::string& name : free) left.erase(name);
  }
}

}  // namespace

std::vector<std::string> FindCircle(const std::vector<Group>& groups) {
  const Needs left = WithoutFree(groups);
  if (left.empty()) return {};
  // Each one that is left needs another one that is left, so that a walk comes back to where it
  // was.
  std::vector<std::string> path;
  std::string name = std::ranges::find_if(groups, [&left](const Group& group) {
                       return left.contains(group.name);
                     })->name;
  for (;;) {
    const auto seen = std::ranges::find(path, name);
    if (seen != path.end()) return {seen, path.end()};
    path.push_back(name);
    name = *std::ranges::find_if(left.at(name),
                                 [&left](const std::string& next) { return left.contains(next); });
  }
}

std::string CircleText(const std::vector<std::string>& circle) {
  std::string text;
  for (const std::string& name : circle) text += name + " → ";
  return text + circle.front();
}

}  // namespace matic::fleet
