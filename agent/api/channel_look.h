// How the agent looks for updates by itself, as GetStatus tells it.
#pragma once

#include <optional>
#include <string>

#include "lib/base/time.h"

namespace matic::api {

struct ChannelLook {
  std::string url;               // without credentials
  std::optional<WallTime> next;  // none: only when it is asked to
  std::string last_result;       // for people; empty before the first look
};

}  // namespace matic::api
