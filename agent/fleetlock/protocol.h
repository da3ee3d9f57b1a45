// FleetLock: a semaphore with owners, asked by HTTP
// (https://coreos.github.io/zincati/development/fleetlock/protocol/).
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "lib/http/http_poster.h"

namespace matic::fleetlock {

// Who asks whom.
struct Target {
  std::string url;  // "https://lock.example.com/base", without a slash at its end
  std::string group;
  std::string id;  // of this machine, as the server knows it

  bool operator==(const Target&) const = default;
};

enum class Call {
  kPreReboot,    // takes a slot; one that is held already is taken again
  kSteadyState,  // gives it back, where it is held
};

http::PostRequest MakeRequest(const Target& target, Call call, std::chrono::seconds timeout);

bool IsGranted(const http::PostAnswer& answer);

// What an answer that grants nothing says, for people: "held by others (all slots are locked)",
// "the server answered HTTP 500". Of what the server wrote a line of printable characters is left.
std::string Explain(const http::PostAnswer& answer);

// "a reboot slot of https://lock.example.com (group workers)"
std::string SlotOf(const Target& target);

}  // namespace matic::fleetlock
