// A machine with two slots and the selector that starts one of them, without a disk.
#pragma once

#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "agent/engine/backend.h"
#include "boot/policy/slot.h"

namespace matic::fakes {

// Thread-safe. What an agent does to the slots outlives it, as on a disk; Reboot starts what the
// selector would. It starts with 1.0 in slot-a, running and confirmed, and nothing in slot-b.
class FakeBackend final : public engine::Backend {
 public:
  enum class Verb {
    kGetFacts,
    kRepair,
    kStage,
    kVerify,
    kActivate,
    kDiscard,
    kConfirm,
    kRevert,
    kGiveTryBack,
  };

  struct FakeSlot {
    boot::SlotAttributes attributes;
    std::string version;
    std::string digest;
    bool loads = false;  // its kernel can be started
  };

  FakeBackend();

  Result<update::Facts> GetFacts() override;
  Result<std::vector<std::string>> Repair() override;
  Result<> CheckSource(const engine::StageSpec& spec) override;  // "https://…" only
  Result<engine::FetchPlan> PlanFetch(const engine::StageSpec& spec,
                                      std::stop_token stop) override;  // a MiB
  Result<update::StagedImage> Stage(const engine::StageSpec& spec,
                                    const engine::ProgressSink& progress,
                                    std::stop_token stop) override;
  Result<> Verify(const update::StagedImage& staged, const engine::ProgressSink& progress,
                  std::stop_token stop) override;
  Result<> Activate(const update::StagedImage& staged, std::stop_token stop) override;
  Result<> Discard(const std::string& target) override;
  Result<> Confirm() override;
  Result<std::string> Revert(const std::string& previous, std::stop_token stop) override;
  Result<> GiveTryBack() override;

  // The image that `source` holds; without it, version "2.0" with a kernel that can be started.
  void Offer(const std::string& source, const std::string& version, bool loads);
  // The next `times` calls of `verb` fail, and change nothing.
  void Fail(Verb verb, Error error, int times = 1);
  // Calls of `verb` wait before they do anything until it is released; Stage and Verify
  // also until they are stopped.
  void Hold(Verb verb);
  void Release(Verb verb);
  // Returns once a held `verb` waits.
  void AwaitHeld(Verb verb);

  // A start of the machine, orderly or not: by the rules of boot/policy, with a try taken, under a
  // new boot id. What was held is released.
  void Reboot();

  FakeSlot slot(boot::Slot slot) const;
  void SetSlot(boot::Slot slot, const FakeSlot& content);
  boot::Slot running() const;
  std::string boot_id() const;
  int calls(Verb verb) const;

 private:
  Result<> Begin(Verb verb, std::unique_lock<std::mutex>& lock, std::stop_token stop = {});
  FakeSlot& At(boot::Slot slot) { return slots_[slot == boot::Slot::kA ? 0 : 1]; }
  const FakeSlot& At(boot::Slot slot) const { return slots_[slot == boot::Slot::kA ? 0 : 1]; }
  std::optional<boot::Slot> Choose() const;

  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  FakeSlot slots_[2];
  boot::Slot running_ = boot::Slot::kA;
  int boots_ = 1;
  std::map<std::string, FakeSlot> offers_;
  std::map<Verb, std::deque<Error>> failures_;
  std::map<Verb, bool> held_;
  std::map<Verb, int> waiting_;
  std::map<Verb, int> calls_;
};

}  // namespace matic::fakes
