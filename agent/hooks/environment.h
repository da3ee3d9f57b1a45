// What hooks are told.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "agent/hooks/runner.h"

namespace matic::hooks {

// "NAME=value" for each variable. Control characters in a value become '?'.
std::vector<std::string> MakeEnvironment(Stage stage, const Context& context);

// The same as the text of a file that EnvironmentFile= of systemd.exec(5) reads.
std::string EnvironmentFileText(const std::vector<std::string>& environment);

}  // namespace matic::hooks
