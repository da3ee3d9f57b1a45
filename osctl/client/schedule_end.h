// Whether an update is over, by what its node says of it.
#pragma once

#include "matic/v1/node.pb.h"

namespace matic::osctl {

// A state that only a newer agent knows is over once the update is in no phase any more, as with
// those that are known. Until then it is waited for: who took it for over could begin the next
// machine while this one is being changed. What is over by an unknown state did not end well.
bool HasEnded(const v1::Schedule& schedule);

}  // namespace matic::osctl
