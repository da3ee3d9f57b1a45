#include "agent/ab/running_slot.h"

#include <algorithm>
#include <charconv>
#include <sstream>

#include "lib/os/durable_file.h"
#include "lib/os/efi_variable.h"
#include "lib/os/partition_behind.h"

namespace matic::ab {
namespace {

namespace fs = std::filesystem;

constexpr size_t kMountInfoLimit = 1024 * 1024;
constexpr size_t kSmallFileLimit = 4096;
// The unit of start and size in sysfs, whatever the disk's sectors are.
constexpr uint64_t kSysfsSector = 512;
constexpr EfiVariable kPartUuidVariable{"LoaderDevicePartUUID", kLoaderVendor};
constexpr EfiVariable kSlotVariable{"MaticSlot", "7d1c3b4e-5f0a-4c1e-9c55-2b8f0a6d9e21"};

struct RootMount {
  std::string device_numbers;  // "254:2"
  std::string filesystem;
};

Result<RootMount> FindRootMount(const fs::path& proc) {
  const fs::path path = proc / "self/mountinfo";
  MATIC_ASSIGN(const std::string text, ReadFile(path, kMountInfoLimit));
  std::istringstream lines(text);
  std::optional<RootMount> found;
  for (std::string line; std::getline(lines, line);) {
    std::istringstream fields(line);
    std::string id, parent, numbers, root, mount_point, field, filesystem;
    fields >> id >> parent >> numbers >> root >> mount_point;
    while (fields >> field && field != "-") {
    }
    fields >> filesystem;
    // The last one is on top.
    if (mount_point == "/") found = RootMount{numbers, filesystem};
  }
  if (!found) return Fail(ErrorCode::kNotFound, path.string() + ": nothing is mounted at /");
  return *found;
}

Result<uint64_t> ReadNumber(const fs::path& path) {
  MATIC_ASSIGN(const std::string text, ReadFile(path, kSmallFileLimit));
  uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{}) return Fail(ErrorCode::kCorrupt, path.string() + ": not a number");
  return value;
}

Result<std::optional<std::string>> ReadVariable(const fs::path& sys, const EfiVariable& variable) {
  MATIC_ASSIGN(const std::optional<std::u16string> text,
               ReadEfiText(sys / kEfiVariables, variable));
  if (!text) return std::nullopt;
  std::optional<std::string> ascii = ToPrintableAscii(*text);
  if (ascii) return ascii;
  return Fail(ErrorCode::kCorrupt, "the EFI variable " + std::string(variable.name) +
                                       " holds other characters than the boot selector writes");
}

bool SameText(std::string_view a, std::string_view b) {
  return std::ranges::equal(
      a, b, [](unsigned char x, unsigned char y) { return std::toupper(x) == std::toupper(y); });
}

Result<> CheckStarted(const gpt::GptTable& table, boot::Slot slot, const boot::Partition& partition,
                      const StartedSlot& started) {
  const std::string running =
      "/ is on " + std::string(boot::SlotName(slot)) + " of " + table.device;
  if (started.slot && *started.slot != boot::SlotName(slot)) {
    return Fail(ErrorCode::kRefused, running + ", but the boot selector says it started " +
                                         *started.slot + " (EFI variable MaticSlot)");
  }
  const std::string unique = gpt::GuidToText(partition.unique);
  if (started.part_uuid && !SameText(*started.part_uuid, unique)) {
    return Fail(ErrorCode::kRefused,
                running + " with PARTUUID " + unique + ", but the boot selector says it started " +
                    *started.part_uuid + " (EFI variable LoaderDevicePartUUID)");
  }
  return {};
}

}  // namespace

Result<RootPartition> FindRootPartition(const SystemFolders& folders) {
  MATIC_ASSIGN(const RootMount mount, FindRootMount(folders.proc));
  const auto found = PartitionBehind(folders.sys / "dev/block" / mount.device_numbers);
  if (!found) {
    return Fail(ErrorCode::kNotFound,
                "/ (" + mount.filesystem + ", device " + mount.device_numbers +
                    ") is not mounted from a partition of a disk: name the disk in the "
                    "configuration, or run where the system runs from a slot");
  }
  const fs::path& node = *found;
  RootPartition root;
  root.disk = folders.dev / BlockNodeName(node.parent_path());
  MATIC_ASSIGN(const uint64_t number, ReadNumber(node / "partition"));
  MATIC_ASSIGN(const uint64_t start, ReadNumber(node / "start"));
  MATIC_ASSIGN(const uint64_t size, ReadNumber(node / "size"));
  root.number = static_cast<uint32_t>(number);
  root.start_bytes = start * kSysfsSector;
  root.size_bytes = size * kSysfsSector;
  return root;
}

Result<StartedSlot> ReadStartedSlot(const SystemFolders& folders) {
  StartedSlot started;
  MATIC_ASSIGN(started.part_uuid, ReadVariable(folders.sys, kPartUuidVariable));
  MATIC_ASSIGN(started.slot, ReadVariable(folders.sys, kSlotVariable));
  return started;
}

Result<boot::Slot> IdentifyRunningSlot(const gpt::GptTable& table, const RootPartition& root,
                                       const StartedSlot& started) {
  std::error_code ignored;
  const fs::path disk = fs::weakly_canonical(table.device, ignored);
  if (disk != fs::weakly_canonical(root.disk, ignored)) {
    return Fail(ErrorCode::kRefused,
                "/ is on " + root.disk.string() + ", not on the agent's disk " + table.device);
  }
  for (const boot::Slot slot : boot::kSlots) {
    const auto partition = gpt::FindSlot(table, slot);
    if (!partition || partition->number != root.number) continue;
    if (table.StartBytes(*partition) != root.start_bytes ||
        table.SizeBytes(*partition) != root.size_bytes) {
      return Fail(ErrorCode::kRefused,
                  table.device + ": the partition table was changed under the running system: " +
                      "partition " + std::to_string(root.number) + " is mounted from byte " +
                      std::to_string(root.start_bytes) + ", the table says " +
                      std::to_string(table.StartBytes(*partition)) + "; restart first");
    }
    MATIC_TRY(CheckStarted(table, slot, *partition, started));
    return slot;
  }
  return Fail(ErrorCode::kRefused, "/ is on partition " + std::to_string(root.number) + " of " +
                                       table.device + ", which is no slot");
}

}  // namespace matic::ab
