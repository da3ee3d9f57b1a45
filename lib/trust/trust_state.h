// What a machine remembers of what it verified, so that nobody can show it the past
// (docs/formats.md, "Trust state"). Values in, values out: the caller persists them.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/result.h"
#include "lib/base/time.h"
#include "lib/trust/root.h"

namespace matic::trust {

inline constexpr size_t kMaxTrustStateBytes = 64 * 1024;
inline constexpr size_t kMaxChannels = 64;

struct TrustState {
  // Of the newest root document that was adopted, and the keys that it trusted for manifests.
  uint64_t root_version = 0;  // 0: none yet
  std::vector<std::string> manifest_key_ids;

  // No manifest of an older version is taken. Empty: none yet.
  std::string version_floor;

  // The latest `released` of each channel's verified manifests. No older manifest of it is taken.
  std::map<std::string, WallTime> channels;

  // The latest `released` of all: it is not earlier than that, whatever the clock says.
  WallTime last_verified_time{};

  // JSON of the keys that this release does not know, kept for the one that wrote them.
  std::string other_keys = "{}";
};

// An empty text is the state of a machine that has seen nothing. kCorrupt where it cannot be read;
// the caller sets the file aside and starts anew with the running version as its floor.
Result<TrustState> ParseTrustState(std::string_view text);
std::string FormatTrustState(const TrustState& state);

// At every start and after every rotation: the state under `root`. kRefused where a newer one was
// adopted before (the one at hand is a replay).
//
// Where a key that could sign manifests no longer can, whoever held it may have raised the floor, a
// channel's time and the last verified time beyond what an honest release reaches in years. All are
// forgotten with it, as in TUF 1.0.33, 5.3.11 (fast-forward attacks). What it signed is refused
// from now on; what the remaining keys signed before is held back by its expiry alone.
//
// Persist the root document first, then the state: after a power loss between, the next start
// adopts once more.
Result<TrustState> AdoptRoot(TrustState state, const Root& root);

// After an update was confirmed, and never before: a system that failed must not shut out its
// predecessor. Also with the running version, when the machine has no state yet. Never lowers it.
// kInvalidArgument where `version` is none.
Result<TrustState> RaiseFloor(TrustState state, const std::string& version);

}  // namespace matic::trust
