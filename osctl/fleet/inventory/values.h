// What values of fleet.yaml may be, where lib/settings does not know it. Inside this folder only.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "lib/settings/fields.h"
#include "osctl/fleet/inventory/draft.h"

namespace matic::fleet {

// "30m", "1h30m", or a number of seconds.
settings::FieldReader Duration(std::chrono::seconds& target, std::chrono::seconds low,
                               std::chrono::seconds high);

// "3" or "10%".
settings::FieldReader Limit(FailureLimit& target);

// A list of names of machines, groups or tags.
settings::FieldReader Names(std::vector<Located>& target, size_t at_most);

// One window, or a list of them.
settings::FieldReader Windows(std::vector<calendar::Window>& target);

// A program and its arguments, as a list, or a program alone.
settings::FieldReader Program(std::vector<std::string>& target);

// A time zone's name.
settings::FieldReader Zone(std::string& target);

}  // namespace matic::fleet
