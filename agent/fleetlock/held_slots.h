// The slots that this machine may hold, and has to give back: in a file, so that neither a restart
// nor a power loss forgets one (docs/formats.md, fleet-lock.json).
#pragma once

#include <filesystem>
#include <vector>

#include "agent/fleetlock/protocol.h"
#include "lib/base/result.h"

namespace matic::fleetlock {

// Not thread-safe.
class HeldSlots {
 public:
  explicit HeldSlots(std::filesystem::path path) : path_(std::move(path)) {}

  // A file that cannot be understood is set aside, and nothing is held then.
  Result<> Load();

  // Durable when it returns; before the server is asked. kRefused where as many as are kept are
  // held already. Writes nothing where it is noted.
  Result<> Add(const Target& target);
  // After the server has taken it back. After a power loss before this returns it is given back
  // again, which does no harm.
  Result<> Remove(const Target& target);

  const std::vector<Target>& targets() const { return targets_; }

 private:
  Result<> Write(const std::vector<Target>& targets) const;

  const std::filesystem::path path_;
  std::vector<Target> targets_;
};

}  // namespace matic::fleetlock
