// Changes of single keys in fleet.yaml. Comments, order and the way the rest is written stay.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "lib/base/result.h"
#include "lib/os/process_runner.h"

namespace matic::fleet {

// Where a key stands: of groups, of machines, or (both empty) of the fleet.
struct KeyPlace {
  std::vector<std::string> groups{};
  std::vector<std::string> machines{};
};

struct Rewritten {
  std::string before;
  std::string after;
  bool operator==(const Rewritten&) const = default;
};

enum class Write { kYes, kOnlyChecked };

// Sets `key` ("parallel", "canary.count", of the fleet also "maxParallel" for
// "settings.maxParallel") to `value` ("3", "[a, b]"). The result is checked as a whole before it
// replaces the file, durably, at once, and with its mode and owner. A file that is a link stays
// one. kInvalidArgument: what was asked for is not there, or would be wrong; every problem is told.
// kUnavailable: somebody else is changing the file.
Result<Rewritten> RewriteKey(const std::filesystem::path& file, const KeyPlace& place,
                             const std::string& key, const std::string& value,
                             ProcessRunner& runner, Write write);

// From the first line that differs to the last: "-old" lines, then "+new" ones.
std::string ShowChange(const Rewritten& rewritten);

}  // namespace matic::fleet
