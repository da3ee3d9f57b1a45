// Users and programs on a machine that is about to reboot.
#pragma once

#include <mutex>
#include <string>
#include <vector>

#include "agent/engine/reboot_guard.h"

namespace matic::fakes {

// Thread-safe.
class FakeRebootGuard final : public engine::RebootGuard {
 public:
  std::vector<std::string> Inhibitors() override;
  void Warn(const std::string& message) override;

  void SetInhibitors(std::vector<std::string> inhibitors);
  std::vector<std::string> warnings() const;

 private:
  mutable std::mutex mutex_;
  std::vector<std::string> inhibitors_;
  std::vector<std::string> warnings_;
};

}  // namespace matic::fakes
