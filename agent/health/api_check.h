// Whether the agent's own API answers.
#pragma once

#include <filesystem>

#include "agent/health/check_runner.h"

namespace matic::health {

// The TCP port, where there is one, must take a connection. The unix socket, served by the same
// gRPC server but without TLS, must also answer an HTTP/2 preface (RFC 9113, section 3.4) with its
// settings: the kernel alone takes connections for a process that hangs.
class ApiCheck final : public Check {
 public:
  // `listen` as in agent.yaml: ADDRESS:PORT, or empty for no TCP.
  ApiCheck(bool critical, std::filesystem::path socket, std::string listen);

  std::string name() const override { return "api"; }
  bool critical() const override { return critical_; }
  Finding Run(std::stop_token stop) override;

 private:
  bool critical_;
  std::filesystem::path socket_;
  std::string listen_;
};

}  // namespace matic::health
