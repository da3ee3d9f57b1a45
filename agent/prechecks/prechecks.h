// What must hold before an update begins. A machine that is low on space or power, or in the middle
// of other work, says so instead of failing halfway.
#pragma once

#include <set>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/config/prechecks.h"
#include "agent/prechecks/machine.h"
#include "lib/base/replaceable.h"
#include "lib/os/clock.h"
#include "lib/os/process_runner.h"

namespace matic::prechecks {

struct Refusal {
  std::string check;   // its name, which `--force` takes
  std::string reason;  // what is wrong, and what to do about it

  bool operator==(const Refusal&) const = default;
};

// The names of all checks: "space", "services", …
std::span<const std::string_view> Names();

class Prechecks {
 public:
  Prechecks(config::Prechecks wanted, Machine machine, ProcessRunner& processes,
            const Clock& clock);

  // Thread-safe; for runs that begin from now on.
  void Configure(config::Prechecks wanted) { wanted_.Replace(std::move(wanted)); }

  // Everything that speaks against an update now, except for what is `overridden`. Changes nothing.
  // Programs are asked with a deadline, so it returns within seconds (a backup's command: within
  // its own timeout); what cannot be found out passes, unless it was asked for by the configuration
  // and is nothing that a machine may lack. Stopped, it leaves out what it has not looked at.
  std::vector<Refusal> Run(const std::set<std::string>& overridden,
                           std::stop_token stop = {}) const;

 private:
  Replaceable<config::Prechecks> wanted_;
  const Machine machine_;
  ProcessRunner& processes_;
  const Clock& clock_;
};

}  // namespace matic::prechecks
