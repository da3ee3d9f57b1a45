// A fleet of machines that do what a run asks of them, or not: each has its own speed and faults,
// drawn from a seed. It goes on by itself while no controller is there.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "osctl/fleet/planner/decide.h"
#include "tests/unit/osctl/fleet/planner/random_fleet.h"

namespace matic::fleet {

enum class Fault {
  kNone,
  kOffline,        // when it is to be staged
  kStageFails,     // nothing is staged
  kRefuses,        // the activation: it stays staged
  kFallsBack,      // when activated, or rebooted
  kStaysPending,   // it does not reboot
  kUnhealthy,      // on its target
  kStuck,          // unhealthy on its target, and cannot be rolled back
  kSilentStaging,  // from then on for ever
  kSilentActivating,
  kSilentRebooting,
};
constexpr uint32_t kFaults = 11;

struct Machinery {
  Fault fault = Fault::kNone;
  bool needs_reboot = true;
  bool returns = false;  // it is to be rebooted, or to go back: it waits for nothing before that
  std::chrono::seconds pace{60};  // of each step

  // What it stands at.
  bool target = false;
  bool pending = false;
  bool staged = false;
  bool healthy = true;
  bool silent = false;
  std::optional<Step> doing{};
  WallTime until{};  // where `doing`

  // What was really done.
  int activations = 0;
  int reboots = 0;
};

// The end of a step as its controller hears it; nothing: it never does.
using End = std::optional<Event>;

class SimulatedFleet {
 public:
  SimulatedFleet(const Plan& plan, Dice& dice, uint32_t one_fault_in);

  // Takes away all faults but the first of each group.
  void LeaveOneFault(const Plan& plan);

  // Carries out a step that begins at `now`.
  End Do(const Action& action, WallTime now);

  const Machinery& At(const std::string& name, WallTime now);
  // True in the middle of a step that takes it down, and where it stayed down after one.
  bool IsDown(const std::string& name, WallTime now) const;

  std::map<size_t, bool> unhealthy_groups{};  // by their index
  std::map<size_t, bool> unhealthy_canaries{};
  std::map<std::pair<size_t, Step>, bool> failing_scripts{};

 private:
  End OnMachine(Machinery& machine, const Action& action, WallTime now);
  End OfGroup(const Action& action, WallTime now) const;
  void Begin(Machinery& machine, Step step, WallTime now);
  static void Pass(Machinery& machine, WallTime now);
  static void Finish(Machinery& machine);
  static Event Read(const std::string& name, const Machinery& machine, WallTime at);

  std::map<std::string, Machinery> machines_;
};

}  // namespace matic::fleet
