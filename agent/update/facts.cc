#include "agent/update/facts.h"

#include <algorithm>

namespace matic::update {

const Target* Facts::Running() const {
  auto it = std::ranges::find_if(targets, &Target::running);
  return it == targets.end() ? nullptr : &*it;
}

const Target* Facts::Find(const std::string& name) const {
  auto it = std::ranges::find(targets, name, &Target::name);
  return it == targets.end() ? nullptr : &*it;
}

const Target* Facts::WayBack() const {
  const Target* best = nullptr;
  for (const Target& target : targets) {
    if (target.running || !target.Confirmed()) continue;
    if (best == nullptr || target.priority > best->priority) best = &target;
  }
  return best;
}

const Target* Facts::Golden() const {
  auto it = std::ranges::find_if(targets, &Target::golden);
  return it == targets.end() ? nullptr : &*it;
}

}  // namespace matic::update
