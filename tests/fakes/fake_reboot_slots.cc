#include "tests/fakes/fake_reboot_slots.h"

namespace matic::fakes {

using namespace std::chrono_literals;

Result<engine::SlotAnswer> FakeRebootSlots::Take(engine::Disturbance disturbance,
                                                 std::stop_token stop) {
  std::lock_guard lock(mutex_);
  if (stop.stop_requested()) return Fail(ErrorCode::kCancelled, "stopped");
  if (by_others_) {
    return engine::SlotAnswer{
        .waits_for = "a reboot slot: held by others", .ask_again = 1ms, .patience = patience_};
  }
  if (!held_) taken_.push_back(disturbance);
  held_ = true;
  return engine::SlotAnswer{.granted = true};
}

void FakeRebootSlots::Release() {
  std::lock_guard lock(mutex_);
  held_ = false;
}

void FakeRebootSlots::SetTaken(bool by_others, std::chrono::seconds patience) {
  std::lock_guard lock(mutex_);
  by_others_ = by_others;
  patience_ = patience;
}

bool FakeRebootSlots::held() const {
  std::lock_guard lock(mutex_);
  return held_;
}

std::vector<engine::Disturbance> FakeRebootSlots::taken() const {
  std::lock_guard lock(mutex_);
  return taken_;
}

}  // namespace matic::fakes
