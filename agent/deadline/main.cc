// matic-deadline: while the running system is on trial, waits until the trial's deadline; a system
// that is not confirmed by then is left by a forced restart. Started by the initrd and again by
// systemd; needs no agent, no network and, but on a Nix host, no /var.

#include <getopt.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <utility>

#include "agent/deadline/machine.h"
#include "agent/deadline/nix_host.h"
#include "agent/deadline/observer.h"
#include "agent/deadline/running_slot.h"
#include "agent/deadline/trial.h"

namespace matic::deadline {
namespace {

using std::chrono::seconds;

constexpr seconds kLookInterval{2};
// How soon a confirmation is noticed, and the memory given back.
constexpr seconds kSettledInterval{30};

struct Options {
  Places places;
  std::string state = "/var/lib/matic/rollback_state.json";
  bool initrd = false;
  bool nixos = false;
};

Look LookAtSlot(const Places& places) {
  return [places, slot = std::make_shared<std::optional<RunningSlot>>()]() {
    if (!*slot) {
      auto found = FindRunningSlot(places);
      if (found) *slot = std::move(*found);
    }
    return *slot ? std::optional(Sighting{ReadSlot(**slot), (*slot)->name}) : std::nullopt;
  };
}

Look LookAtSystem(const Options& options) {
  if (!options.nixos) return LookAtSlot(options.places);
  NixPlaces places;
  places.host_state = std::filesystem::path(options.state).replace_filename("nixos.json");
  return [places] { return LookAtNixHost(places); };
}

int Watch(Machine& machine, const Options& options) {
  Observer observer(machine, LookAtSystem(options), options.state);
  std::optional<Reading> at_start;
  std::optional<seconds> told;
  bool prepared = false;
  for (;;) {
    const Observation seen = observer.Observe();
    if (!at_start && (seen.reading == Reading::kOnTrial || seen.reading == Reading::kSettled)) {
      at_start = seen.reading;
    }
    if (seen.reading == Reading::kSettled) return 0;
    // Not before there is something to wait for: on a confirmed system the start of the others
    // counts.
    if (!prepared) machine.PrepareForTheWorst();
    prepared = true;
    if (seen.deadline) told = seen.deadline;
    const seconds deadline = told.value_or(kDefaultDeadline);
    if (machine.SinceStart() < deadline) {
      const bool all_known = at_start && told;
      const auto next = machine.SinceStart() + (all_known ? kSettledInterval : kLookInterval);
      machine.SleepUntil(std::min<std::chrono::nanoseconds>(next, deadline));
      continue;
    }
    const bool in_initrd = options.initrd && machine.SharesRootWithInit();
    switch (JudgeAtDeadline(at_start, seen.reading.value_or(Reading::kUnreadable), in_initrd)) {
      case Verdict::kReboot:
        machine.Restart(observer.name() + " is on trial and not confirmed " +
                        std::to_string(deadline.count()) + " s after the start");
      case Verdict::kDone:
        // On a Nix host: its agent has never noted anything.
        if (at_start || options.nixos) return 0;
        machine.Say("the running system was not started from a slot; there is no trial to end");
        return options.initrd ? 0 : 1;
      case Verdict::kLookAgain:
        machine.SleepUntil(machine.SinceStart() + kLookInterval);
        break;
    }
  }
}

int Usage(FILE* out) {
  std::fputs(
      "usage: matic-deadline [--partition DEV] [--now-state FILE] [--initrd]\n"
      "       matic-deadline --nixos [--now-state FILE]\n"
      "  --partition DEV   the slot the system runs from (default: found)\n"
      "  --now-state FILE  the agent's state (default: /var/lib/matic/rollback_state.json)\n"
      "  --initrd          started before the real root is there\n"
      "  --nixos           a Nix host: what is on trial is in nixos.json beside the state\n",
      out);
  return out == stdout ? 0 : 2;
}

int Main(int argc, char** argv) {
  constexpr option kOptions[] = {{"partition", required_argument, nullptr, 'p'},
                                 {"now-state", required_argument, nullptr, 's'},
                                 {"initrd", no_argument, nullptr, 'i'},
                                 {"nixos", no_argument, nullptr, 'n'},
                                 {"help", no_argument, nullptr, 'h'},
                                 {}};
  Options options;
  for (int flag = 0; (flag = getopt_long(argc, argv, "", kOptions, nullptr)) != -1;) {
    switch (flag) {
      case 'p':
        options.places.partition = optarg;
        break;
      case 's':
        options.state = optarg;
        break;
      case 'i':
        options.initrd = true;
        break;
      case 'n':
        options.nixos = true;
        break;
      case 'h':
        return Usage(stdout);
      default:
        return Usage(stderr);
    }
  }
  const bool of_slots = options.initrd || options.places.partition;
  if (optind != argc || (options.nixos && of_slots)) return Usage(stderr);
  // systemd spares processes so marked when it stops everything before a shutdown, and a shutdown
  // can hang as well (https://systemd.io/ROOT_STORAGE_DAEMONS).
  if (options.initrd) argv[0][0] = '@';
  Machine machine;
  return Watch(machine, options);
}

}  // namespace
}  // namespace matic::deadline

// Without the static objects' destructors: a thread may still be stuck in a read.
int main(int argc, char** argv) { _exit(matic::deadline::Main(argc, argv)); }
