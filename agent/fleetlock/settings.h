// The `fleet_lock` section of agent.yaml, as a client is made of it.
#pragma once

#include <chrono>

#include "agent/config/fleet_lock.h"
#include "agent/fleetlock/protocol.h"
#include "lib/http/curl_http_client.h"

namespace matic::fleetlock {

struct Settings {
  Target target;      // an empty URL: nobody is asked
  bool live = false;  // also before what takes no reboot
  std::chrono::seconds timeout{30};
  std::chrono::seconds retry{30};
  std::chrono::seconds patience{0};  // 0: for as long as it takes
};

// Where nothing names this machine and it has no machine id, its id is empty.
Settings MakeSettings(const config::FleetLock& config);

http::CurlOptions MakeCurlOptions(const config::FleetLock& config);

}  // namespace matic::fleetlock
