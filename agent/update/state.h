// Where an update is, and what may happen to it. Pure data; agent/engine keeps it durable.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "agent/update/facts.h"
#include "lib/calendar/rules.h"

namespace matic::update {

// How a new system is taken over. Slots of a disk take a reboot whatever is asked for, and know no
// kBuild.
enum class Mode {
  kAuto,    // without a reboot where that can be done
  kSwitch,  // without a reboot, or not at all
  kBoot,    // by a reboot
  kBuild,   // not at all: what is asked is whether it could be built
};

// A file beside an image, as a signed manifest names it.
struct SignedFile {
  std::string url;
  uint64_t size_bytes = 0;
  std::string sha256;  // 64 lower-case hex digits

  bool operator==(const SignedFile&) const = default;
};

struct SignedPatch {
  std::string from;  // the digest of the image that it makes another one of
  SignedFile file;

  bool operator==(const SignedPatch&) const = default;
};

// What spares a machine fetching all of an image.
struct DeltaFiles {
  std::optional<SignedFile> index;
  std::vector<SignedPatch> patches;

  bool operator==(const DeltaFiles&) const = default;
};

// What somebody asked for.
struct Order {
  std::string schedule_id;
  std::string source;
  std::string sha256;  // 64 lower-case hex digits
  bool auto_rollback = false;
  std::chrono::seconds health_timeout{300};
  bool stop_after_staging = false;
  calendar::Rules timing{};
  std::chrono::seconds reboot_delay{0};
  std::string version{};             // that the signed manifest promises; empty: there is none
  uint64_t size_bytes = 0;           // likewise; 0: there is none
  std::vector<std::string> force{};  // names of what it passes by
  Mode mode = Mode::kAuto;
  std::vector<std::string> inputs{};  // of a flake, to move to their newest; "*": all
  bool allow_reboot = true;           // else one that takes a reboot waits, staged
  DeltaFiles delta{};                 // of the signed manifest

  bool operator==(const Order&) const = default;
};

// A system that was left because critical checks failed in it, which had passed before it was
// activated.
struct Suspect {
  std::string schedule_id;
  std::string target;
  std::string version;
  std::string digest;
  std::vector<std::string> checks;  // their names

  bool operator==(const Suspect&) const = default;
};

// An image made the next boot, until it is confirmed or left. An empty schedule id is a system that
// was found running unconfirmed, with no state that tells of it.
struct Trial {
  Order order;
  StagedImage image;
  std::string previous;           // the way back; empty where there is none
  std::string activated_boot_id;  // in which another system was made the next boot
  std::string last_boot_id;       // of its latest start
  uint32_t boot_counter = 0;      // its starts so far
  uint32_t tries_given_back = 0;
  std::vector<std::string> failing_before;  // critical checks that failed before it was activated
  std::vector<Suspect> suspects{};  // left right before, where this is a way back that is tried
  bool way_back = false;  // was confirmed before; what it fails leads to the golden system

  bool operator==(const Trial&) const = default;
};

enum class RollbackKind { kAutomatic, kManual, kCancel };

struct Idle {
  bool operator==(const Idle&) const = default;
};
// What is gone on with after a restart, but not for ever: it may be what ends agent or machine.
inline constexpr uint32_t kMaxInterruptions = 3;
// Scheduled: its turn has not come, or its checks and hooks have not passed yet.
struct Waiting {
  Order order;
  bool begun = false;          // its turn has come: checks and hooks are under way
  uint32_t interruptions = 0;  // restarts of the agent in these so far
  bool operator==(const Waiting&) const = default;
};
struct Staging {
  Order order;
  uint32_t interruptions = 0;  // restarts of the agent so far
  bool operator==(const Staging&) const = default;
};
struct Staged {
  Order order;
  StagedImage image;
  bool begun = false;          // its time has come: the checks before it are under way
  uint32_t interruptions = 0;  // restarts of the agent in these so far
  bool operator==(const Staged&) const = default;
};
// The boot attributes are about to be written.
struct Activating {
  Trial trial;
  bool operator==(const Activating&) const = default;
};
// They are written; the reboot is due.
struct Activated {
  Trial trial;
  bool operator==(const Activated&) const = default;
};
struct Trying {
  Trial trial;
  bool operator==(const Trying&) const = default;
};
struct Confirming {
  Trial trial;
  std::string unhealthy;  // why it stays although its checks failed; empty when they passed
  bool operator==(const Confirming&) const = default;
};
struct RollingBack {
  Trial trial;
  RollbackKind kind = RollbackKind::kAutomatic;
  std::string reason;
  std::string requested_by;            // empty unless a person asked
  bool not_activated = false;          // it did not come as far as its health checks
  std::vector<std::string> failing{};  // critical checks that sent it back
  bool operator==(const RollingBack&) const = default;
};
// Before its first start: the target is made unbootable again.
struct Cancelling {
  Order order;
  StagedImage image;
  std::string previous;
  std::string reason;
  bool operator==(const Cancelling&) const = default;
};
// The update has ended. What was gone back to is confirmed, and takes the checks that its suspects
// failed: what fails in all of them lies outside. Anything else that is asked for ends it.
struct Rechecking {
  std::string runs;
  std::vector<Suspect> suspects;
  uint32_t starts = 1;  // of the agent, in which it was begun
  bool operator==(const Rechecking&) const = default;
};

using UpdateState = std::variant<Idle, Waiting, Staging, Staged, Activating, Activated, Trying,
                                 Confirming, RollingBack, Cancelling, Rechecking>;

// Null where there is none in that state.
const Trial* TrialOf(const UpdateState& state);
const Order* OrderOf(const UpdateState& state);

// No update is under way: what the agent looks at for itself gives way to one.
bool IsFree(const UpdateState& state);

// "staging", "trying", …: the names in the state file.
std::string_view StateName(const UpdateState& state);

}  // namespace matic::update
