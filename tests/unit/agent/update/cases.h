// States and facts that the tests of the state machine start from: slot-a has been running, and an
// update puts 2.0 into slot-b.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <variant>
#include <vector>

#include "agent/update/transition.h"

namespace matic::update {

inline constexpr const char* kFirstBoot = "boot-1";
inline constexpr const char* kSecondBoot = "boot-2";
inline constexpr const char* kThirdBoot = "boot-3";

struct Attributes {
  uint8_t priority;
  uint8_t tries;
  bool successful;
};
inline constexpr Attributes kWayBack{1, 0, true};
inline constexpr Attributes kUnbootable{0, 0, false};

inline Target MakeTarget(const std::string& name, const Attributes& attributes, bool running) {
  Target target;
  target.name = name;
  target.running = running;
  target.priority = attributes.priority;
  target.tries = attributes.tries;
  target.successful = attributes.successful;
  target.bootable = attributes.priority > 0 && (attributes.successful || attributes.tries > 0);
  target.version = name == "slot-a" ? "1.0" : "2.0";
  return target;
}

inline Facts Runs(const std::string& running, const std::string& boot_id, const Attributes& b,
                  const Attributes& a = kWayBack) {
  return {
      boot_id,
      {MakeTarget("slot-a", a, running == "slot-a"), MakeTarget("slot-b", b, running == "slot-b")}};
}

inline Order MakeOrder(bool auto_rollback = true) {
  return {.schedule_id = "sched-20260127-001",
          .source = "https://example.com/2.0.squashfs",
          .sha256 = std::string(64, '2'),
          .auto_rollback = auto_rollback,
          .delta = {SignedFile{"https://example.com/2.0.idx", 700, std::string(64, 'b')},
                    {{std::string(64, 'c'), {"https://example.com/p", 80, std::string(64, 'd')}}}}};
}

inline StagedImage MakeImage() {
  return {.target = "slot-b", .digest = std::string(64, '2'), .version = "2.0", .size_bytes = 4096};
}

// As it was activated, during the first boot.
inline Trial MakeTrial(bool auto_rollback = true) {
  Trial trial;
  trial.order = MakeOrder(auto_rollback);
  trial.image = MakeImage();
  trial.previous = "slot-a";
  trial.activated_boot_id = kFirstBoot;
  return trial;
}

// As it was found running, during the second.
inline Trial MakeStartedTrial(bool auto_rollback = true) {
  Trial trial = MakeTrial(auto_rollback);
  trial.last_boot_id = kSecondBoot;
  trial.boot_counter = 1;
  return trial;
}

// One of each state, in the order of the variant.
inline std::vector<UpdateState> EveryState() {
  return {
      Idle{},
      Waiting{MakeOrder()},
      Staging{MakeOrder(), 2},
      Staged{MakeOrder(), MakeImage()},
      Activating{MakeTrial()},
      Activated{MakeTrial()},
      Trying{MakeStartedTrial()},
      Confirming{MakeStartedTrial(), ""},
      RollingBack{MakeStartedTrial(), RollbackKind::kAutomatic, "api: refused", ""},
      Cancelling{MakeOrder(), MakeImage(), "slot-a", "cancelled by alice"},
      Rechecking{"slot-a", {{"sched-20260127-001", "slot-b", "2.0", MakeImage().digest, {"api"}}}}};
}

inline const Error kDiskError{ErrorCode::kIo, "write slot-b: Input/output error"};
inline const Error kRefusal{ErrorCode::kRefused, "slot-a cannot be gone back to"};

inline RollbackRequested ByHand(const std::string& previous = "slot-a") {
  return {.reason = "it feels slow",
          .requested_by = "alice",
          .running = "slot-b",
          .running_version = "2.0",
          .running_digest = MakeImage().digest,
          .previous = previous,
          .boot_id = kFirstBoot};
}

// What is not refused.
inline Step Take(const UpdateState& state, const Event& event) {
  Result<Step> step = Transition(state, event);
  EXPECT_TRUE(step) << StateName(state) << ": " << step.error().message;
  return step ? *step : Step{};
}

template <typename T>
const T* ActionOf(const Step& step) {
  return step.action ? std::get_if<T>(&*step.action) : nullptr;
}

}  // namespace matic::update
