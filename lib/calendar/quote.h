// How a text that is refused is shown. Inside this folder only.
#pragma once

#include <string>
#include <string_view>

namespace matic::calendar {

// In quotes, cut short, and without what a terminal would obey.
std::string Quote(std::string_view text);

}  // namespace matic::calendar
