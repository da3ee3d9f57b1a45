// Whether something takes connections.
#pragma once

#include "agent/health/configured_check.h"
#include "agent/health/connection.h"
#include "lib/os/process_runner.h"

namespace matic::health {

// Names are looked up by getent(1): the C library's own way to do it can be neither stopped nor
// given a limit.
class TcpCheck final : public ConfiguredCheck {
 public:
  TcpCheck(const config::TcpCheck& check, ProcessRunner& processes);

  // "db.internal:5432 takes connections"; one of the host's addresses has to.
  Finding Run(std::stop_token stop) override;

 private:
  Result<std::vector<Address>> Resolve(std::chrono::milliseconds limit, std::stop_token stop) const;

  std::string address_;
  ProcessRunner& processes_;
};

}  // namespace matic::health
