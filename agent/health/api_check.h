// Whether the agent's own API answers.
#pragma once

#include <filesystem>

#include "agent/config/config.h"
#include "agent/health/configured_check.h"

namespace matic::health {

// The TCP port, where there is one, must take a connection. The unix socket, served by the same
// gRPC server but without TLS, must also answer an HTTP/2 preface (RFC 9113, section 3.4) with its
// settings: the kernel alone takes connections for a process that hangs.
class ApiCheck final : public ConfiguredCheck {
 public:
  ApiCheck(const config::ApiCheck& check, const config::Api& api);

  Finding Run(std::stop_token stop) override;

 private:
  std::filesystem::path socket_;
  std::string listen_;
};

}  // namespace matic::health
