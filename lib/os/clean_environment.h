// The environment of programs that are not ours.
#pragma once

#include <string>
#include <vector>

namespace matic {

// PATH as this program has it (where programs are differs between systems, and its unit knows),
// LANG=C.UTF-8 and HOME=/; nothing else, so that no credential is handed on.
std::vector<std::string> CleanEnvironment();

}  // namespace matic
