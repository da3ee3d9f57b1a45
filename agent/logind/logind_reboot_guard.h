// Asks systemd-logind (org.freedesktop.login1(5)) what inhibits a shutdown, and tells users by
// wall(1).
#pragma once

#include "agent/engine/reboot_guard.h"
#include "lib/os/process_runner.h"

namespace matic::logind {

class LogindRebootGuard final : public engine::RebootGuard {
 public:
  explicit LogindRebootGuard(ProcessRunner& processes) : processes_(processes) {}

  // Locks of mode "block" that name "shutdown". A machine without logind has none.
  std::vector<std::string> Inhibitors() override;
  void Warn(const std::string& message) override;

 private:
  ProcessRunner& processes_;
};

}  // namespace matic::logind
