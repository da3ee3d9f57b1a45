// Which start of this machine it is.
#pragma once

#include <string>

#include "lib/base/result.h"

namespace matic {

// The kernel's random id of this start: 36 lower-case characters, another one after every reboot.
Result<std::string> ReadBootId();

}  // namespace matic
