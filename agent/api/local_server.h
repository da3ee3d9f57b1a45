// The API at a unix socket. Whoever may connect has the role that belongs to the socket: its mode
// and group say who may.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "agent/api/node_service.h"
#include "lib/rpc/role.h"

namespace matic::api {

struct LocalEndpoint {
  std::filesystem::path socket;
  std::string group;  // empty, or unknown to the system: the agent's own user and root
  mode_t mode = 0660;
  rpc::Role role = rpc::Role::kReader;
};

class LocalServer {
 public:
  static Result<std::unique_ptr<LocalServer>> Start(const LocalEndpoint& endpoint,
                                                    engine::Engine& engine, AuditLog& audit,
                                                    std::function<ServingState()> serving_state);
  ~LocalServer();

  void Shutdown(std::chrono::system_clock::time_point deadline);

 private:
  struct Parts;
  explicit LocalServer(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace matic::api
