// From what is written to what it means: names are looked up. Inside this folder only.
#pragma once

#include <string>
#include <vector>

#include "lib/base/error.h"
#include "osctl/fleet/inventory/draft.h"

namespace matic::fleet {

struct Resolved {
  Inventory inventory;
  std::vector<Error> problems;     // kInvalidArgument, each with its place; at most 100
  std::vector<std::string> notes;  // what may be, and may be a mistake
};

// What was read of a file in which nothing was refused, or of one in which something was: then what
// might only follow from that is not told.
enum class Reading { kWhole, kInPart };

// `file` is where the groups stand.
Resolved Resolve(const Draft& draft, const std::string& file, Reading reading);

}  // namespace matic::fleet
