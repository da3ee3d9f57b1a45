// What systemd and NetworkManager tell.
#include "agent/health/program.h"
#include "agent/health/service_check.h"
#include "agent/prechecks/checks.h"

namespace matic::prechecks {
namespace {

constexpr std::chrono::seconds kDeadline{5};

std::string FirstLine(const std::string& text) { return text.substr(0, text.find('\n')); }

}  // namespace

Reason Services(const Situation& now) {
  if (now.wanted.units.empty()) return std::nullopt;
  const auto finding =
      health::ServiceCheck({.units = now.wanted.units}, now.processes).Run(now.stop);
  if (finding.passed) return std::nullopt;
  return finding.output + ": start what must run before an update (systemctl status tells more)";
}

// systemctl(1), is-system-running: the state is printed, the exit code is 0 for "running" alone.
Reason System(const Situation& now) {
  if (now.wanted.system_state == config::SystemState::kAny) return std::nullopt;
  const auto outcome = now.processes.RunCommand(
      {.argv = {"systemctl", "is-system-running"}, .stop = now.stop}, kDeadline);
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
  const auto value = health::AskProgram(
      now.processes,
      {"busctl", "get-property", "--auto-start=no", "org.freedesktop.NetworkManager",
       "/org/freedesktop/NetworkManager", "org.freedesktop.NetworkManager", "Metered"},
      kDeadline, now.stop);
  if (!value || (*value != "u 1\n" && *value != "u 3\n")) return std::nullopt;
  return "the network connection is metered: connect to another network";
}

}  // namespace matic::prechecks
