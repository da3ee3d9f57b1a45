// What the agent of a sweep has around it in place of a system.
#pragma once

#include <atomic>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "agent/ab/booted_system.h"
#include "agent/engine/ledger.h"
#include "agent/engine/reboot_slots.h"
#include "lib/gpt/gpt_table.h"
#include "lib/os/process_runner.h"
#include "tests/crash/moments.h"
#include "tests/crash/recorder.h"

namespace matic::crash {

inline const std::vector<std::string> kReboot = {"reboot"};

// A reboot takes the machine down: nothing that is done from then on is.
class Processes final : public ProcessRunner {
 public:
  Processes(Recorder& recorder, Moments& moments, const std::atomic<bool>& held)
      : recorder_(recorder), moments_(moments), held_(held) {}
  Result<ProcessOutcome> RunToEnd(const Command& command, std::chrono::milliseconds) override {
    if (command.argv == kReboot && held_) {
      moments_.Tell(Moments::Moment::kRebootHeld);
      return ProcessOutcome{};
    }
    if (command.argv == kReboot) {
      recorder_.GoDown();
      moments_.Tell(Moments::Moment::kRebootAsked);
      return ProcessOutcome{};
    }
    return ProcessOutcome{.exit_code = 0, .output = "a line of a journal\n"};
  }

 private:
  Recorder& recorder_;
  Moments& moments_;
  const std::atomic<bool>& held_;
};

// The worker releases its slot where nothing more is under way, as its last act.
class Slots final : public engine::RebootSlots {
 public:
  Slots(const engine::Ledger& ledger, Moments& moments) : ledger_(ledger), moments_(moments) {}
  Result<engine::SlotAnswer> Take(engine::Disturbance, std::stop_token) override {
    return engine::SlotAnswer{.granted = true};
  }
  void Release() override {
    const update::UpdateState state = ledger_.State().update;
    if (std::holds_alternative<update::Idle>(state) ||
        std::holds_alternative<update::Staged>(state)) {
      moments_.Tell(Moments::Moment::kAtRest);
    }
  }

 private:
  const engine::Ledger& ledger_;
  Moments& moments_;
};

class Started final : public ab::BootedSystem {
 public:
  Started(boot::Slot slot, uint64_t number) : slot_(slot), id_("boot-" + std::to_string(number)) {}
  Result<ab::Booted> Find(const gpt::GptTable& table) override {
    MATIC_TRY(gpt::FindSlot(table, slot_));
    return ab::Booted{slot_, id_, std::nullopt};
  }

 private:
  const boot::Slot slot_;
  const std::string id_;
};

}  // namespace matic::crash
