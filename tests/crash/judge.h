// What must hold of a machine whose power has failed: at once, and once it has come to rest.
#pragma once

#include <optional>
#include <span>
#include <string>

#include "agent/engine/state_store.h"
#include "lib/base/result.h"
#include "lib/trust/trust_state.h"
#include "tests/crash/machine.h"

namespace matic::crash {

// What is known of the life before the power failed.
struct Past {
  std::optional<Start> last_start;
  // Since then: attributes may be others, and a copy of the table that is torn says nothing.
  bool table_written = false;
  uint64_t starts = 0;
};

// What is there when the power comes back.
struct Found {
  DiskView disk;
  boot::Slot next = boot::Slot::kA;  // what the selector would start
  bool next_is_on_trial = false;
  const System* confirmed = nullptr;  // ran last, confirmed; or is what would be gone back to
  update::UpdateState update;
  bool followed_again = false;  // what follows the last end was cut off twice
  trust::TrustState trust;
};

// kCorrupt where one of the files cannot be read as JSON, but for the last line of the history.
Result<update::UpdateState> UpdateIn(const Medium& medium);

// `machine` holds what the power loss left, and is not started yet. An error is what does not hold.
Result<Found> JudgeFound(const Machine& machine, const Past& past);

// After Run or GoOn.
Result<> JudgeRest(Machine& machine, const Found& found);

// Nobody wrote a slot while it ran.
Result<> JudgeWrites(std::span<const Operation> journal, const Layout& layout);

}  // namespace matic::crash
