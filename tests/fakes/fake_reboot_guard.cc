#include "tests/fakes/fake_reboot_guard.h"

#include <utility>

namespace matic::fakes {

std::vector<std::string> FakeRebootGuard::Inhibitors() {
  std::lock_guard lock(mutex_);
  return inhibitors_;
}

void FakeRebootGuard::Warn(const std::string& message) {
  std::lock_guard lock(mutex_);
  warnings_.push_back(message);
}

void FakeRebootGuard::SetInhibitors(std::vector<std::string> inhibitors) {
  std::lock_guard lock(mutex_);
  inhibitors_ = std::move(inhibitors);
}

std::vector<std::string> FakeRebootGuard::warnings() const {
  std::lock_guard lock(mutex_);
  return warnings_;
}

}  // namespace matic::fakes
