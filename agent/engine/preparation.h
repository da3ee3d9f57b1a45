// What goes before the two steps of an update that change something, staging and activating: its
// time must come, and nothing may speak against it.
#pragma once

#include <functional>
#include <initializer_list>
#include <stop_token>
#include <string>

#include "agent/engine/ledger.h"
#include "agent/engine/reboot_guard.h"
#include "agent/engine/reboot_slots.h"
#include "agent/engine/source_resolver.h"
#include "agent/hooks/runner.h"
#include "agent/prechecks/prechecks.h"
#include "agent/update/state.h"
#include "lib/calendar/decide.h"
#include "lib/os/clock.h"

namespace matic::engine {

struct PreparationOptions {
  std::string machine_id;  // tells this machine's random delay from another's
  // The clock was never before: a machine without one of its own starts in 1970.
  std::function<WallTime()> time_floor = [] { return WallTime{}; };
  std::chrono::milliseconds look_again{30000};  // while something else than a time is waited for
};

class Preparation {
 public:
  Preparation(PreparationOptions options, SourceResolver& resolver, prechecks::Prechecks& prechecks,
              hooks::Runner& hooks, RebootGuard& guard, RebootSlots& slots, Clock& clock,
              Ledger& ledger);

  // Each returns when the step may begin, and shows in the schedule what it waits for. kRefused
  // where it never may; kCancelled when stopped, and can then be called again.
  // Staging takes two: its turn must come, and then nothing may speak against it. BeforeStaging
  // returns the order with the image that its source came down to; `running` is the system that
  // runs.
  Result<> AwaitStaging(const update::Order& order, std::stop_token stop);
  Result<update::Order> BeforeStaging(const update::Order& order, const update::Target& running,
                                      std::stop_token stop);
  // What is `live` disturbs no one by a reboot: it waits for the time to install. A reboot slot is
  // taken last, and held when this returns; what puts the step off again gives it back.
  Result<> BeforeActivation(const update::Order& order, bool live, std::stop_token stop);
  // Nothing is under way that takes this machine down: others may be.
  void ReleaseSlot() { slots_.Release(); }

  // What speaks against an update now.
  std::vector<prechecks::Refusal> Prechecks(const std::vector<std::string>& overridden) const;
  // Whether `step` could begin now.
  calendar::Decision Ask(const update::Order& order, calendar::Step step) const;

 private:
  Result<> AwaitTurn(const update::Order& order, std::initializer_list<calendar::Step> steps,
                     std::stop_token stop);
  Result<update::Order> Resolve(const update::Order& order, const update::Target& running,
                                std::stop_token stop);
  Result<> RunPrechecks(const update::Order& order, std::stop_token stop);
  Result<> RunHooks(const update::Order& order, const update::Target& running,
                    std::stop_token stop);
  Result<> AwaitInhibitors(const update::Order& order, std::stop_token stop);
  Result<bool> TakeSlot(const update::Order& order, Disturbance disturbance, std::stop_token stop);
  bool MayReboot(const update::Order& order);
  Result<> WarnUsers(const update::Order& order, std::stop_token stop);
  Result<> Wait(const std::string& why, std::optional<WallTime> until, std::stop_token stop);
  Result<> Pause(std::chrono::nanoseconds pause, std::stop_token stop);

  const PreparationOptions options_;
  SourceResolver& resolver_;
  prechecks::Prechecks& prechecks_;
  hooks::Runner& hooks_;
  RebootGuard& guard_;
  RebootSlots& slots_;
  Clock& clock_;
  Ledger& ledger_;

  // The schedule that a slot is wanted for, since when. The worker's thread alone touches it.
  struct SlotWait {
    std::string schedule_id;
    BootTime since;
  };
  std::optional<SlotWait> slot_wait_;
};

// Names that `force` takes beside those of the pre-checks.
inline constexpr std::string_view kForceInhibitors = "inhibitors";
inline constexpr std::string_view kForceFleetLock = "fleet-lock";

}  // namespace matic::engine
