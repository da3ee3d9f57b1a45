// The pre-checks themselves: each returns what speaks against an update, or nothing. Inside this
// folder only.
#pragma once

#include <optional>
#include <stop_token>
#include <string>

#include "agent/config/prechecks.h"
#include "agent/prechecks/machine.h"
#include "lib/os/clock.h"
#include "lib/os/process_runner.h"

namespace matic::prechecks {

using Reason = std::optional<std::string>;

// Everything a check may look at.
struct Situation {
  const config::Prechecks& wanted;
  const Machine& machine;
  ProcessRunner& processes;
  const Clock& clock;
  std::stop_token stop;
};

Reason Space(const Situation& now);
Reason Disk(const Situation& now);
Reason Load(const Situation& now);
Reason Memory(const Situation& now);
Reason Uptime(const Situation& now);
Reason Battery(const Situation& now);
Reason Services(const Situation& now);
Reason System(const Situation& now);
Reason Metered(const Situation& now);
Reason Backup(const Situation& now);
Reason PackageWork(const Situation& now);
Reason SwitchLock(const Situation& now);

}  // namespace matic::prechecks
