// The slots that this machine may hold, and has to give back: in a file, so that neither a restart
// nor a power loss forgets one (docs/formats.md, fleet-lock.json).
#pragma once

#include <filesystem>
#include <vector>

#include "agent/fleetlock/protocol.h"
#include "lib/base/result.h"
#include "lib/os/kept_json.h"

namespace matic::fleetlock {

// Not thread-safe.
class HeldSlots {
 public:
  explicit HeldSlots(std::filesystem::path path);

  // By a file that cannot be read or understood (lib/os/kept_json.h) nothing is held.
  Result<> Load();

  // Durable when it returns; before the server is asked. kRefused where as many as are kept are
  // held already. Writes nothing where it is noted.
  Result<> Add(const Target& target);
  // After the server has taken it back. After a power loss before this returns it is given back
  // again, which does no harm.
  Result<> Remove(const Target& target);

  const std::vector<Target>& targets() const { return targets_; }

 private:
  Result<> Write(const std::vector<Target>& targets);

  KeptJson file_;
  std::vector<Target> targets_;
};

}  // namespace matic::fleetlock
