// What systemd and NetworkManager tell.
#include <sstream>

#include "agent/prechecks/checks.h"

namespace matic::prechecks {
namespace {

constexpr std::chrono::seconds kDeadline{5};

std::string FirstLine(const std::string& text) { return text.substr(0, text.find('\n')); }

}  // namespace

// `systemctl is-active` prints the state of each unit in the order asked for, and exits with 0 only
// where all are active.
Reason Services(const Situation& now) {
  const auto& units = now.wanted.units;
  if (units.empty()) return std::nullopt;
  std::vector<std::string> argv = {"systemctl", "is-active", "--"};
  argv.insert(argv.end(), units.begin(), units.end());
  const auto outcome = now.processes.Run(argv, kDeadline);
  if (!outcome) return "units cannot be looked at: " + outcome.error().message;
  if (outcome->exit_code == 0) return std::nullopt;
  std::string wrong;
  std::istringstream states(outcome->output);
  for (const std::string& unit : units) {
    std::string state;
    if (!std::getline(states, state) || state.find(' ') != std::string::npos) {
      return "units cannot be looked at: " + FirstLine(outcome->output);
    }
    if (state == "active" || state == "reloading") continue;
    wrong += (wrong.empty() ? "" : ", ") + unit + " is " + state;
  }
  if (wrong.empty()) return std::nullopt;
  return wrong + ": start what must run before an update (systemctl status tells more)";
}

// systemctl(1), is-system-running: the state is printed, the exit code is 0 for "running" alone.
Reason System(const Situation& now) {
  if (now.wanted.system_state == config::SystemState::kAny) return std::nullopt;
  const auto outcome = now.processes.Run({"systemctl", "is-system-running"}, kDeadline);
  if (!outcome) return "the system's state is not known: " + outcome.error().message;
  const std::string state = FirstLine(outcome->output);
  if (state == "running") return std::nullopt;
  if (state == "degraded") {
    if (now.wanted.system_state == config::SystemState::kBooted) return std::nullopt;
    return "the system is degraded: mend the units that `systemctl --failed` lists";
  }
  if (state == "initializing" || state == "starting") {
    return "the system is still starting: wait until it is up (systemctl is-system-running --wait)";
  }
  return "the system is not running normally, but '" + state + "' (systemctl is-system-running)";
}

// NetworkManager's property Metered, NMMetered in its API: 1 and 3 are yes and probably yes. A
// machine without NetworkManager does not know.
Reason Metered(const Situation& now) {
  if (now.wanted.metered_allowed) return std::nullopt;
  const auto outcome = now.processes.Run(
      {"busctl", "get-property", "--auto-start=no", "org.freedesktop.NetworkManager",
       "/org/freedesktop/NetworkManager", "org.freedesktop.NetworkManager", "Metered"},
      kDeadline);
  if (!outcome || outcome->exit_code != 0) return std::nullopt;
  const std::string value = FirstLine(outcome->output);
  if (value != "u 1" && value != "u 3") return std::nullopt;
  return "the network connection is metered: connect to another network";
}

}  // namespace matic::prechecks
