// One slot that this machine shares with others.
#pragma once

#include <mutex>
#include <vector>

#include "agent/engine/reboot_slots.h"

namespace matic::fakes {

// Thread-safe. Outlives an agent, as what a server knows does.
class FakeRebootSlots final : public engine::RebootSlots {
 public:
  Result<engine::SlotAnswer> Take(engine::Disturbance disturbance, std::stop_token stop) override;
  void Release() override;

  // While others have the slot, nobody else gets it; an update waits for so long for it.
  void SetTaken(bool by_others, std::chrono::seconds patience = std::chrono::seconds(0));

  bool held() const;
  // How often it was taken while it was not held, each for what.
  std::vector<engine::Disturbance> taken() const;

 private:
  mutable std::mutex mutex_;
  bool by_others_ = false;
  bool held_ = false;
  std::chrono::seconds patience_{0};
  std::vector<engine::Disturbance> taken_;
};

}  // namespace matic::fakes
