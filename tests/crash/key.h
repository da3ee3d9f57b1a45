// Which states are the same.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <unordered_set>

#include "tests/crash/disk.h"
#include "tests/crash/judge.h"
#include "tests/crash/medium.h"

namespace matic::crash {

using Key = std::array<uint8_t, 16>;

struct KeyHash {
  size_t operator()(const Key& key) const;
};

using Keys = std::unordered_set<Key, KeyHash>;

struct StateKeys {
  Key without_payload;  // of the disk but for the slots behind their first blocks, and of the files
  Key in_its_past;      // of that, and of what is known of the life before
  Key full;             // of all of it, payload included
};

StateKeys KeysOf(const Medium& medium, const Past& past, const Layout& layout);

}  // namespace matic::crash
