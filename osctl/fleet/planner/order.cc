#include "osctl/fleet/planner/order.h"

#include <algorithm>
#include <map>
#include <string>

#include "osctl/fleet/inventory/circle.h"

namespace matic::fleet {
namespace {

// A walk that comes to each group after all it depends on, which is not itself. It keeps its own
// stack, since how deep groups depend on each other is the file's choice.
class Walk {
 public:
  explicit Walk(const std::vector<Group>& groups) {
    for (const Group& group : groups) by_name_[group.name] = &group;
  }

  Result<> Visit(const Group& first) {
    if (placed_.contains(&first)) return {};
    path_.push_back({&first, 0});
    while (!path_.empty()) {
      auto& [group, next] = path_.back();
      if (next == group->dependencies.size()) {
        Place(*group);
        path_.pop_back();
        continue;
      }
      const std::string& name = group->dependencies[next++];
      const auto found = by_name_.find(name);
      if (found == by_name_.end()) {
        return Fail(ErrorCode::kInvalidArgument,
                    "group '" + group->name + "' depends on '" + name + "', which does not exist");
      }
      if (placed_.contains(found->second)) continue;
      path_.push_back({found->second, 0});
    }
    return {};
  }

  std::vector<OrderedGroup> Take() { return std::move(order_); }

 private:
  struct Stop {
    const Group* group;
    size_t next;  // of its dependencies
  };

  void Place(const Group& group) {
    std::vector<const Group*> needs;
    const auto add = [&needs](const Group* one) {
      if (std::ranges::find(needs, one) == needs.end()) needs.push_back(one);
    };
    for (const std::string& name : group.dependencies) {
      const Group* direct = by_name_.at(name);
      for (const Group* further : order_[placed_.at(direct)].needs) add(further);
      add(direct);
    }
    placed_[&group] = order_.size();
    order_.push_back({&group, std::move(needs)});
  }

  std::map<std::string, const Group*> by_name_;
  std::map<const Group*, size_t> placed_;  // where in order_
  std::vector<OrderedGroup> order_;
  std::vector<Stop> path_;
};

}  // namespace

Result<std::vector<OrderedGroup>> OrderGroups(const std::vector<Group>& groups) {
  if (const std::vector<std::string> circle = FindCircle(groups); !circle.empty()) {
    return Fail(ErrorCode::kInvalidArgument,
                "groups depend on each other in a circle: " + CircleText(circle) +
                    "; take one of these dependencies out");
  }
  Walk walk(groups);
  for (const Group& group : groups) MATIC_TRY(walk.Visit(group));
  return walk.Take();
}

std::vector<OrderedGroup> Reversed(const std::vector<OrderedGroup>& order) {
  std::vector<OrderedGroup> reversed;
  for (auto one = order.rbegin(); one != order.rend(); ++one) {
    OrderedGroup ordered{one->group, {}};
    for (const OrderedGroup& other : order) {
      if (std::ranges::find(other.needs, one->group) == other.needs.end()) continue;
      ordered.needs.push_back(other.group);
    }
    reversed.push_back(std::move(ordered));
  }
  return reversed;
}

}  // namespace matic::fleet
