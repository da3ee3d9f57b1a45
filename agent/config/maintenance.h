// When this machine may be updated, where the update itself does not say: the `maintenance` section
// of agent.yaml.
#pragma once

#include <chrono>

#include "lib/calendar/rules.h"

namespace matic::config {

struct Maintenance {
  calendar::Rules rules;  // but for its moments
  std::chrono::seconds reboot_delay{0};
  bool allow_reboot = true;  // else an update that takes one waits, staged

  bool operator==(const Maintenance&) const = default;
};

}  // namespace matic::config
