// Where the agent's own log goes.
#pragma once

#include "agent/config/config.h"

namespace matic {

// To the journal with levels and fields; to a terminal or a pipe as lines.
void SetUpLog(const config::Log& log);
void SetLogLevel(const config::Log& log);

}  // namespace matic
