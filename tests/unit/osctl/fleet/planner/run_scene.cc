#include "tests/unit/osctl/fleet/planner/run_scene.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <stdexcept>

namespace matic::fleet {

WallTime Clock(int hour, int minute) {
  return std::chrono::sys_days{std::chrono::year(2026) / std::chrono::March / 2} +
         std::chrono::hours(hour) + std::chrono::minutes(minute);
}

Scene::Scene() {
  inventory_.name = "home";
  settings().reboot_stagger = std::chrono::seconds(0);
  settings().max_parallel = 10;
}

Group& Scene::AddGroup(const std::string& name, const std::vector<std::string>& machines) {
  Group group;
  group.name = name;
  group.machines = machines;
  group.policy = UpdatePolicy::kConservative;
  group.canaries = 0;
  group.soak = group.stagger = std::chrono::seconds(0);
  group.max_failures = {100, true};
  inventory_.groups.push_back(group);
  for (const std::string& member : machines) {
    Machine machine;
    machine.name = member;
    inventory_.machines.push_back(machine);
    facts_[member] = {.reachable = true, .healthy = true};
  }
  return inventory_.groups.back();
}

Machine& Scene::machine(const std::string& name) {
  for (Machine& machine : inventory_.machines) {
    if (machine.name == name) return machine;
  }
  throw std::out_of_range(name);
}

void Scene::Start(WallTime at, const Task& task) {
  plan_ = MakePlan(inventory_, {}, facts_, task).value();
  now_ = at;
  Tell(Started{});
}

void Scene::Tell(const Happening& what) {
  const Event event{now_, what};
  journal_.push_back(ToJson(event));
  Apply(plan_, state_, event);
}

void Scene::Pass(std::chrono::seconds time) {
  now_ += time;
  Tell(Tick{});
}

void Scene::Die() {
  RunState replayed;
  for (const std::string& line : journal_) Apply(plan_, replayed, ParseEvent(line).value());
  EXPECT_EQ(replayed, state_);
  state_ = replayed;
  Tell(TakenUp{});
}

std::string Scene::TextOf(const Begun& begun) const {
  const std::string& of = begun.machine.empty() ? plan_.groups[begun.group].name : begun.machine;
  return std::string(NameOf(begun.step)) + " " + of;
}

std::vector<std::string> Scene::Next() const {
  std::vector<std::string> texts;
  for (const Action& action : Decided().actions) texts.push_back(TextOf(action.begin));
  return texts;
}

std::vector<std::string> Scene::Begin() {
  std::vector<std::string> texts;
  for (Decision decision = Decided(); !decision.actions.empty(); decision = Decided()) {
    for (const Action& action : decision.actions) {
      texts.push_back(TextOf(action.begin));
      Tell(action.begin);
    }
  }
  return texts;
}

void Scene::Check(const std::string& name, bool ok) {
  const size_t index = IndexOf(name);
  const auto step = StepOf(state_.groups[index].phase);
  if (!step) throw std::logic_error(name + " does nothing that could end");
  GroupDone done{.step = *step, .group = index, .ok = ok};
  if (!ok) done.why = "it said no";
  Tell(done);
}

void Scene::Staged(const std::string& machine) {
  Tell(Seen{.machine = machine, .healthy = true, .under_way = UnderWay::kStaged, .version = "1"});
}

void Scene::Activated(const std::string& machine) {
  Tell(Seen{.machine = machine, .healthy = true, .up_to_date = true, .version = "2"});
}

void Scene::RebootNeeded(const std::string& machine) {
  Tell(Seen{.machine = machine, .healthy = true, .reboot_pending = true, .version = "1"});
}

void Scene::Unhealthy(const std::string& machine) {
  Tell(Seen{.machine = machine, .up_to_date = true, .version = "2", .problem = "nginx is down"});
}

void Scene::OnOld(const std::string& machine) {
  Tell(Seen{.machine = machine, .healthy = true, .version = "1"});
}

void Scene::Update(const std::vector<std::string>& machines) {
  Begin();
  for (const std::string& machine : machines) Staged(machine);
  Begin();
  for (const std::string& machine : machines) Activated(machine);
  Begin();
  for (const std::string& machine : machines) Verified(machine);
}

size_t Scene::IndexOf(const std::string& name) const {
  // The controller's group comes last, and is of the same name.
  for (size_t i = plan_.groups.size(); i > 0; --i) {
    const bool ended = state_.groups[i - 1].phase == GroupPhase::kEnded;
    const bool pending = state_.groups[i - 1].phase == GroupPhase::kPending;
    if (plan_.groups[i - 1].name != name) continue;
    if (plan_.groups[i - 1].controller && (ended || pending)) continue;
    return i - 1;
  }
  throw std::out_of_range(name);
}

const GroupRun& Scene::group(const std::string& name) const { return state_.groups[IndexOf(name)]; }

const MachineRun& Scene::run(const std::string& machine) const {
  return state_.machines.at(state_.names.at(machine));
}

std::vector<std::string> Scene::Heard(NoticeKind kind) const {
  std::vector<std::string> texts;
  for (const Notice& notice : state_.notices) {
    if (notice.kind == kind) texts.push_back(notice.text);
  }
  return texts;
}

}  // namespace matic::fleet
