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
                                                     engine::Engine& engine, AuditLog& audit,
                                                     std::function<ServingState()> serving_state);
  ~RemoteServer();

  uint16_t port() const;
  void Shutdown(std::chrono::system_clock::time_point deadline);

 private:
  struct Parts;
  explicit RemoteServer(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

// What the caller's certificate proves at `now`. A connection may be older than the certificate's
// end, so that is looked at for every call.
Identity IdentifyCertificate(const std::string& certificate_pem, const std::string& peer,
                             const rpc::RevocationList& revoked, WallTime now);

}  // namespace matic::api
