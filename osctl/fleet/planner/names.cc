// Names of what a run is made of: in the journal, in JSON and on a terminal.
#include <array>

#include "osctl/fleet/planner/decide.h"

namespace matic::fleet {
namespace {

using Name = std::string_view;

// In the order of the enumerations.
constexpr std::array<Name, 11> kSteps = {
    "stage",   "activate",     "reboot",     "verify",      "roll-back",      "cancel",
    "observe", "check-health", "pre-script", "post-script", "rollback-script"};
constexpr std::array<Name, 6> kUnderWay = {"nothing",    "staging",  "staged",
                                           "activating", "on-trial", "rolling-back"};
constexpr std::array<Name, 12> kHappenings = {"started",    "begun",    "seen",     "failed",
                                              "group-done", "tick",     "taken-up", "approved",
                                              "paused",     "unpaused", "stopped",  "notified"};
constexpr std::array<Name, 13> kMachinePhases = {
    "waiting",      "staging",    "activating", "rebooting",      "verifying",
    "rolling-back", "cancelling", "updated",    "reboot-pending", "rolled-back",
    "failed",       "skipped",    "not-reached"};
constexpr std::array<Name, 10> kGroupPhases = {
    "pending",    "checking", "pre-script",      "wave",        "soak",
    "soak-check", "closing",  "rollback-script", "post-script", "ended"};
constexpr std::array<Name, 9> kGroupEnds = {"open",      "well",         "failed",
                                            "unhealthy", "dependency",   "pre-script",
                                            "window",    "not-approved", "stopped"};
constexpr std::array<Name, 11> kNotices = {
    "run-started", "wave-done", "machine-failed", "rolled-back",  "approval-needed", "group-ended",
    "paused",      "resumed",   "run-stopped",    "long-running", "run-finished"};
constexpr std::array<Name, 6> kStopCauses = {"none",        "failures", "reboot-failed",
                                             "no-capacity", "limit",    "asked"};
constexpr std::array<Name, 6> kWaits = {"approval", "pause",          "soak",
                                        "stagger",  "reboot-stagger", "window"};

static_assert(std::variant_size_v<Happening> == kHappenings.size());

template <typename Enum, size_t N>
Name At(const std::array<Name, N>& names, Enum value) {
  return names.at(static_cast<size_t>(value));
}

}  // namespace

Name NameOf(Step step) { return At(kSteps, step); }
Name NameOf(UnderWay what) { return At(kUnderWay, what); }
Name NameOf(const Happening& what) { return At(kHappenings, what.index()); }
Name NameOf(MachinePhase phase) { return At(kMachinePhases, phase); }
Name NameOf(MachinePhase phase, Work work) {
  if (work == Work::kRollBack && phase == MachinePhase::kRebooting) return "rolling-back";
  if (phase != MachinePhase::kUpdated) return NameOf(phase);
  if (work == Work::kPrepare) return "prepared";
  if (work == Work::kRollBack) return "rolled-back";
  return work == Work::kRestart ? "rebooted" : NameOf(phase);
}
Name NameOf(GroupPhase phase) { return At(kGroupPhases, phase); }
Name NameOf(GroupEnd end) { return At(kGroupEnds, end); }
Name NameOf(NoticeKind kind) { return At(kNotices, kind); }
Name NameOf(StopCause cause) { return At(kStopCauses, cause); }
Name NameOf(WaitReason reason) { return At(kWaits, reason); }

}  // namespace matic::fleet
