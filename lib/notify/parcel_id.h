// Names of messages under way. Inside this folder only.
#pragma once

#include <string>

namespace matic::notify {

// 32 hex digits; no two are the same.
std::string NewParcelId();

}  // namespace matic::notify
