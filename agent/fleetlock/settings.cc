#include "agent/fleetlock/settings.h"

#include "agent/fleetlock/machine_client_id.h"

namespace matic::fleetlock {

Settings MakeSettings(const config::FleetLock& config) {
  Settings settings{.target = {.url = config.url, .group = config.group, .id = config.id},
                    .live = config.live,
                    .timeout = config.timeout,
                    .retry = config.retry,
                    .patience = config.deadline};
  if (settings.target.id.empty()) settings.target.id = MachineClientId().value_or("");
  return settings;
}

// The URL says itself whether it is https.
http::CurlOptions MakeCurlOptions(const config::FleetLock& config) {
  return {.ca_file = config.ca_file,
          .allow_http = true,
          .connect_timeout = config.timeout,
          .client_certificate = config.client_certificate,
          .client_key_secret = config.client_key_secret,
          .section = "fleet_lock"};
}

}  // namespace matic::fleetlock
