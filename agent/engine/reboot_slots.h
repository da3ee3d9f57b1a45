// Whose turn it is to be down, among machines that must not all be at once.
#pragma once

#include <chrono>
#include <stop_token>
#include <string>

#include "lib/base/result.h"

namespace matic::engine {

// What takes this machine's services down.
enum class Disturbance { kReboot, kLiveSwitch };

struct SlotAnswer {
  bool granted = false;
  // Where not: "a reboot slot of https://lock.example.com (group workers): held by others", when to
  // ask again, and how long an update may wait in all (0: for as long as it takes).
  std::string waits_for{};
  std::chrono::nanoseconds ask_again{0};
  std::chrono::seconds patience{0};
};

class RebootSlots {
 public:
  virtual ~RebootSlots() = default;

  // Takes a slot, or says that there is none now. One that is held is taken again at no cost. What
  // was granted stays so over restarts, reboots and power losses, until it is released. An error is
  // kCancelled: stopped.
  virtual Result<SlotAnswer> Take(Disturbance disturbance, std::stop_token stop) = 0;

  // Nothing is about to take this machine down. Returns at once, and is done soon, or as soon as it
  // can be, by a later process where need be. Costs nothing where no slot is held.
  virtual void Release() = 0;
};

}  // namespace matic::engine
