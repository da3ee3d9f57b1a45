// matic-deadline: while the running slot is on trial, waits until the trial's deadline; a slot that
// is not confirmed by then is left by a forced restart. Started by the initrd and again by systemd;
// needs no agent, no network and no /var.

#include <getopt.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <future>
#include <memory>
#include <thread>

#include "agent/deadline/machine.h"
#include "agent/deadline/running_slot.h"
#include "agent/deadline/trial.h"

namespace matic::deadline {
namespace {

using std::chrono::seconds;

// A read that takes longer will not come back.
constexpr seconds kReadLimit{20};
constexpr seconds kLookInterval{2};
// How soon a confirmation is noticed, and the memory given back.
constexpr seconds kSettledInterval{30};

struct Options {
  Places places;
  std::string state = "/var/lib/matic/rollback_state.json";
  bool initrd = false;
};

struct Observation {
  std::optional<seconds> deadline;
  std::optional<Reading> slot;  // nothing: not found yet
};

// Looks at state and table in a thread, since a read from a dead disk never returns.
class Observer {
 public:
  Observer(const Machine& machine, Places places, std::string state)
      : machine_(machine), places_(std::move(places)), state_(std::move(state)) {}

  Observation Look() {
    if (*busy_) return Stuck();
    busy_->store(true);
    std::promise<Observation> promise;
    auto result = promise.get_future();
    std::thread([this, busy = busy_, promise = std::move(promise)]() mutable {
      promise.set_value(LookNow());
      busy->store(false);
    }).detach();
    if (result.wait_for(kReadLimit) != std::future_status::ready) return Stuck();
    return result.get();
  }
  const std::string& slot_name() const { return slot_name_; }

 private:
  Observation Stuck() const {
    return {std::nullopt, known_ ? std::optional(Reading::kUnreadable) : std::nullopt};
  }

  Observation LookNow() {
    if (!slot_) {
      auto found = FindRunningSlot(places_);
      if (found) {
        slot_name_ = found->name;
        slot_ = std::make_unique<RunningSlot>(std::move(*found));
        known_ = true;
      }
    }
    Observation seen;
    if (slot_) seen.slot = ReadSlot(*slot_);
    if (const auto text = machine_.ReadFile(state_)) seen.deadline = ParseDeadline(*text);
    return seen;
  }

  const Machine& machine_;
  const Places places_;
  const std::string state_;
  std::shared_ptr<std::atomic<bool>> busy_ = std::make_shared<std::atomic<bool>>(false);
  std::atomic<bool> known_ = false;
  std::unique_ptr<RunningSlot> slot_;
  std::string slot_name_ = "the system";
};

int Watch(Machine& machine, const Options& options) {
  Observer observer(machine, options.places, options.state);
  std::optional<Reading> at_start;
  std::optional<seconds> told;
  bool prepared = false;
  for (;;) {
    const Observation seen = observer.Look();
    if (!at_start && (seen.slot == Reading::kOnTrial || seen.slot == Reading::kSettled)) {
      at_start = seen.slot;
    }
    if (seen.slot == Reading::kSettled) return 0;
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
    switch (JudgeAtDeadline(at_start, seen.slot.value_or(Reading::kUnreadable), in_initrd)) {
      case Verdict::kReboot:
        machine.Restart(observer.slot_name() + " is on trial and not confirmed " +
                        std::to_string(deadline.count()) + " s after the start");
      case Verdict::kDone:
        if (at_start) return 0;
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
      "  --partition DEV   the slot the system runs from (default: found)\n"
      "  --now-state FILE  the agent's state (default: /var/lib/matic/rollback_state.json)\n"
      "  --initrd          started before the real root is there\n",
      out);
  return out == stdout ? 0 : 2;
}

int Main(int argc, char** argv) {
  constexpr option kOptions[] = {{"partition", required_argument, nullptr, 'p'},
                                 {"now-state", required_argument, nullptr, 's'},
                                 {"initrd", no_argument, nullptr, 'i'},
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
      case 'h':
        return Usage(stdout);
      default:
        return Usage(stderr);
    }
  }
  if (optind != argc) return Usage(stderr);
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
