// The agent's API as it is served: the unix socket for this machine, mutual TLS for the rest. Both
// serve matic.v1.Node and grpc.health.v1.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "agent/engine/engine.h"
#include "lib/base/result.h"

namespace matic::api {

struct ApiOptions {
  std::filesystem::path socket = "/run/matic/agent.sock";
  std::string socket_group =
      "matic";         // empty, or unknown to the system: only root and the agent's user
  std::string listen;  // "0.0.0.0:50051"; empty: no TCP
  // The first folder with a server's certificate counts. Looked at again every half a minute:
  // renewed files are taken without a restart.
  std::vector<std::filesystem::path> pki_dirs;
};

class Server {
 public:
  // An error only where the unix socket cannot be served: kRefused where another agent does.
  // Without usable certificates, or with the port taken, TCP is not served; the log and GetStatus
  // say so.
  static Result<std::unique_ptr<Server>> Start(const ApiOptions& options, engine::Engine& engine);

  // Shuts down.
  virtual ~Server() = default;

  // Ends watches, gives calls that run up to two seconds, and cancels the rest. Idempotent.
  virtual void Shutdown() = 0;

  // The port that TCP is served at, 0 where it is not.
  virtual uint16_t tcp_port() const = 0;
};

}  // namespace matic::api
