// The API over TCP with mutual TLS. Who may connect: whoever has a certificate of our authority.
// What they may do: what the role in it says.
#pragma once

#include <memory>

#include "agent/api/node_service.h"
#include "agent/api/server.h"
#include "lib/rpc/tls_files.h"

namespace matic::api {

class RemoteServer {
 public:
  // kUnavailable where the port cannot be had.
  static Result<std::unique_ptr<RemoteServer>> Start(const std::string& listen,
                                                     const rpc::TlsFiles& files,
                                                     engine::Engine& engine,
                                                     std::function<ServingState()> serving_state);
  ~RemoteServer();

  uint16_t port() const;
  WallTime certificate_expiry() const;
  void Shutdown(std::chrono::system_clock::time_point deadline);

 private:
  struct Parts;
  explicit RemoteServer(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

// What the caller's certificate proves.
Identity IdentifyCertificate(const std::string& certificate_pem, const std::string& peer);

}  // namespace matic::api
