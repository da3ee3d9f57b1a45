// The checks a node makes, as its configuration names them.
#pragma once

#include "agent/config/config.h"
#include "agent/health/check_runner.h"
#include "lib/os/process_runner.h"

namespace matic::health {

// Those that are enabled, in the order of docs/reference/agent.md. `processes` and `clock` must
// outlive them.
std::vector<std::unique_ptr<Check>> MakeChecks(const config::Health& health, const config::Api& api,
                                               ProcessRunner& processes, Clock& clock);

RetryPolicy MakeRetryPolicy(const config::Health& health);

}  // namespace matic::health
