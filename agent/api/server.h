// The agent's API as it is served: unix sockets for this machine, one of them for looking only, and
// mutual TLS for the rest. All serve matic.v1.Node and grpc.health.v1.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "agent/api/channel_look.h"
#include "agent/engine/engine.h"
#include "lib/base/result.h"

namespace matic::api {

struct ApiOptions {
  std::filesystem::path socket = "/run/matic/agent.sock";
  // Empty, or unknown to the system: only root and the agent's own user may connect.
  std::string socket_group = "matic";
  std::filesystem::path reader_socket;  // for readers, whoever they are; empty: none
  std::string reader_socket_group;
  mode_t reader_socket_mode = 0660;
  std::string listen;  // "0.0.0.0:50051"; empty: no TCP
  // The first folder with a server's certificate counts.
  std::vector<std::filesystem::path> pki_dirs;
  // How often the files in them are looked at: renewed ones are taken without a restart.
  std::chrono::milliseconds pki_check_interval = std::chrono::seconds(30);
  std::filesystem::path revocation_file;  // revocation_memory.h; empty: nothing outlives a restart
  std::filesystem::path audit_file;       // empty: the log alone is told
  // Asked at each GetStatus; thread-safe. It returns nothing where no channel is configured.
  std::function<std::optional<ChannelLook>()> channel = [] { return std::nullopt; };
};

class Server {
 public:
  // An error only where the unix socket cannot be served: kRefused where another agent does.
  // Without usable certificates, or with the port taken, TCP is not served; the log and GetStatus
  // say so.
  static Result<std::unique_ptr<Server>> Start(const ApiOptions& options, engine::Engine& engine);

  // Shuts down.
  ~Server();

  // Ends watches, gives calls that run up to two seconds, and cancels the rest. Idempotent.
  void Shutdown();

  // The port that TCP is served at, 0 where it is not.
  uint16_t tcp_port() const;

 private:
  class Servers;
  explicit Server(std::unique_ptr<Servers> servers);
  std::unique_ptr<Servers> servers_;
};

}  // namespace matic::api
