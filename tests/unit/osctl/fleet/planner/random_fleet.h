// Fleets drawn from a seed: of any policy, order and size, with dependencies that hold.
#pragma once

#include <cstdint>
#include <random>

#include "osctl/fleet/inventory/inventory.h"
#include "osctl/fleet/planner/facts.h"

namespace matic::fleet {

class Dice {
 public:
  explicit Dice(uint64_t seed) : engine_(seed) {}

  // From 0 to `most`, both included. The same on every machine, which std's distributions are not.
  uint32_t UpTo(uint32_t most) { return static_cast<uint32_t>(engine_() % (uint64_t{most} + 1)); }
  bool OneIn(uint32_t times) { return UpTo(times - 1) == 0; }

 private:
  std::mt19937_64 engine_;
};

struct RandomFleet {
  Inventory inventory;
  FleetFacts facts;
};

RandomFleet DrawFleet(Dice& dice);

}  // namespace matic::fleet
