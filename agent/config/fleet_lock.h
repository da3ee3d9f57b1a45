// Who else may be down at the same time: the `fleet_lock` section of agent.yaml.
#pragma once

#include <chrono>
#include <filesystem>
#include <string>

namespace matic::config {

struct FleetLock {
  std::string url;  // of the server, without the protocol's own part; empty: nobody is asked
  std::string group = "default";
  std::string id;     // empty: made of the machine id
  bool live = false;  // also before a switch that takes no reboot

  std::filesystem::path ca_file;             // PEM; empty: the system's
  std::filesystem::path client_certificate;  // PEM, with what is between it and the authority
  std::string client_key_secret;             // a secret (lib/os/secret.h)
  std::chrono::seconds timeout{30};          // for one request
  std::chrono::seconds retry{30};            // the first pause between two; they grow
  std::chrono::seconds deadline{0};          // how long an update waits for a slot; 0: no limit

  bool operator==(const FleetLock&) const = default;
};

}  // namespace matic::config
