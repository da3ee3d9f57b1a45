// Which partition this machine runs from, as the kernel and the boot selector say. Everything that
// writes a slot relies on it, so the two must agree.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "lib/gpt/gpt_table.h"

namespace matic::ab {

// Where the kernel shows itself; other folders in tests.
struct SystemFolders {
  std::filesystem::path proc = "/proc";
  std::filesystem::path sys = "/sys";
  std::filesystem::path dev = "/dev";
};

// The partition that `/` is mounted from, also where dm-verity is between the two.
struct RootPartition {
  std::filesystem::path disk;  // "/dev/vda"
  uint32_t number = 0;         // 2 of "/dev/vda2"
  uint64_t start_bytes = 0;
  uint64_t size_bytes = 0;
};

// From /proc/self/mountinfo and /sys/dev/block. kNotFound where `/` is not on a partition of a disk
// (a live system, a container), naming what it is on.
Result<RootPartition> FindRootPartition(const SystemFolders& folders = {});

// What the boot selector said it started (docs/formats.md, "Which slot was started"). Each may be
// missing: another loader was used, or the firmware refused the variable.
struct StartedSlot {
  std::optional<std::string> part_uuid;  // LoaderDevicePartUUID
  std::optional<std::string> slot;       // MaticSlot
};

// kCorrupt where a variable holds no UTF-16 text of printable characters.
Result<StartedSlot> ReadStartedSlot(const SystemFolders& folders = {});

// The slot that `root` is, by its place in `table`. kRefused where root is no slot of it, the
// kernel has another idea of the partition than the table, or the selector started another slot:
// each says what both sides claim.
Result<boot::Slot> IdentifyRunningSlot(const gpt::GptTable& table, const RootPartition& root,
                                       const StartedSlot& started);

}  // namespace matic::ab
