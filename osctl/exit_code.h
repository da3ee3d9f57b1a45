// How osctl ends, for scripts. The list is printed by `osctl --help`.
#pragma once

#include "lib/base/error.h"

namespace matic::osctl {

enum class ExitCode {
  kDone = 0,
  kFailed = 1,
  kUsage = 2,         // wrong usage, or a request that cannot be right
  kUnreachable = 3,   // the node does not answer, or we may not ask it
  kUpdateFailed = 4,  // the update that was waited for failed or was cancelled
  kRolledBack = 5,    // the update that was waited for was rolled back
  kRefused = 6,       // the state of the node forbids it
};

// Of an error that came from a node, or on the way to it.
ExitCode RemoteExitCode(ErrorCode code);

// Of an error on this machine: a file that may not be read is a failure, not an unreachable node.
ExitCode LocalExitCode(ErrorCode code);

}  // namespace matic::osctl
