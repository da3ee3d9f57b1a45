// The API at the unix socket. Whoever may connect is an admin: the socket's mode and group say who.
#pragma once

#include <memory>

#include "agent/api/node_service.h"
#include "agent/api/server.h"

namespace matic::api {

class LocalServer {
 public:
  static Result<std::unique_ptr<LocalServer>> Start(const ApiOptions& options,
                                                    engine::Engine& engine,
                                                    std::function<ServingState()> serving_state);
  ~LocalServer();

  void Shutdown(std::chrono::system_clock::time_point deadline);

 private:
  struct Parts;
  explicit LocalServer(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace matic::api
