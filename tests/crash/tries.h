// The tries of the slots before and after the selector, whatever it says of itself.
#pragma once

#include <array>
#include <filesystem>
#include <optional>

#include "boot/policy/slot.h"
#include "lib/base/result.h"
#include "tests/crash/disk.h"

namespace matic::crash {

struct Tries {
  bool backup_is_bad = false;
  std::array<int, 2> slots{};  // by boot::Slot
};

// As the agent reads them. Errors as gpt::PartitionTable::Load.
Result<Tries> ReadTries(const std::filesystem::path& disk, const Layout& layout);

// A start of a slot on trial takes one, and no other. One that mends the backup instead takes none.
Result<> JudgeTries(Tries before, const Tries& after, std::optional<boot::Slot> on_trial);

}  // namespace matic::crash
