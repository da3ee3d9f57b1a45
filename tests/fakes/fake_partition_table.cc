#include "tests/fakes/fake_partition_table.h"

#include <algorithm>
#include <cassert>
#include <utility>

namespace matic::fakes {
namespace {

constexpr uint64_t kMiB = 1024 * 1024;
constexpr uint32_t kSectorSize = 512;
constexpr uint64_t kEspBytes = 32 * kMiB;
constexpr uint64_t kStateBytes = 64 * kMiB;

// Appends a partition behind the last one.
void Append(gpt::GptTable& table, std::string_view name, const boot::Guid& type, uint64_t bytes,
            uint64_t attributes) {
  boot::Partition partition;
  partition.number = static_cast<uint32_t>(table.partitions.size() + 1);
  partition.type = type;
  partition.unique.bytes[0] = static_cast<uint8_t>(partition.number);
  partition.first_lba =
      table.partitions.empty() ? kMiB / kSectorSize : table.partitions.back().last_lba + 1;
  partition.last_lba = partition.first_lba + bytes / kSectorSize - 1;
  partition.attributes = attributes;
  std::ranges::copy(name, partition.name.begin());
  table.partitions.push_back(partition);
}

boot::Partition& Find(gpt::GptTable& table, boot::Slot slot) {
  const boot::SlotLookup found = boot::FindSlot(table.partitions, slot);
  assert(found.partition != nullptr);
  return table.partitions[static_cast<size_t>(found.partition - table.partitions.data())];
}

}  // namespace

gpt::GptTable FactoryTable(uint64_t slot_bytes) {
  const uint64_t slot_bits = boot::kReadOnlyBit | boot::kNoAutoBit;
  gpt::GptTable table;
  table.device = "fake disk";
  table.disk_guid.bytes[0] = 0xd1;
  table.sector_size = kSectorSize;
  table.size_bytes = kEspBytes + 2 * slot_bytes + kStateBytes + 2 * kMiB;
  Append(table, boot::kEspName, boot::kEspType, kEspBytes, 0);
  Append(table, boot::SlotName(boot::Slot::kA), boot::kRootType, slot_bytes,
         boot::EncodeSlotAttributes({boot::kRunningPriority, 0, true}, slot_bits));
  Append(table, boot::SlotName(boot::Slot::kB), boot::kRootType, slot_bytes, slot_bits);
  Append(table, boot::kStateName, boot::kStateType, kStateBytes, 0);
  return table;
}

Result<gpt::GptTable> FakePartitionTable::Load() {
  std::scoped_lock lock(mutex_);
  if (load_error_) return Fail(*load_error_);
  return table_;
}

Result<std::vector<std::string>> FakePartitionTable::Repair() {
  std::scoped_lock lock(mutex_);
  if (load_error_) return Fail(*load_error_);
  std::vector<std::string> mended;
  if (table_.primary != gpt::CopyState::kValid) mended.push_back("primary restored");
  if (table_.backup != gpt::CopyState::kValid) mended.push_back("backup restored");
  if (!table_.has_protective_mbr) mended.push_back("protective MBR restored");
  MakeWhole();
  return mended;
}

Result<> FakePartitionTable::UpdateAttributes(std::span<const gpt::SlotChange> changes) {
  std::scoped_lock lock(mutex_);
  const std::optional<Error> error = std::exchange(update_error_, std::nullopt);
  if (error && failure_ == Failure::kBeforeChange) return Fail(*error);
  MATIC_TRY(Apply(changes));
  if (error) return Fail(*error);
  return {};
}

Result<> FakePartitionTable::Apply(std::span<const gpt::SlotChange> changes) {
  for (const gpt::SlotChange& change : changes) MATIC_TRY(gpt::FindSlot(table_, change.slot));
  bool differs = false;
  for (const gpt::SlotChange& change : changes) {
    boot::Partition& partition = Find(table_, change.slot);
    const uint64_t before = std::exchange(
        partition.attributes, boot::EncodeSlotAttributes(change.attributes, partition.attributes));
    differs = differs || partition.attributes != before;
  }
  table_.primary = table_.backup = gpt::CopyState::kValid;
  if (differs) updates_.emplace_back(changes.begin(), changes.end());
  return {};
}

void FakePartitionTable::MakeWhole() {
  table_.primary = table_.backup = gpt::CopyState::kValid;
  table_.has_protective_mbr = true;
}

gpt::GptTable FakePartitionTable::table() const {
  std::scoped_lock lock(mutex_);
  return table_;
}

void FakePartitionTable::SetTable(gpt::GptTable table) {
  std::scoped_lock lock(mutex_);
  table_ = std::move(table);
}

boot::SlotAttributes FakePartitionTable::Attributes(boot::Slot slot) const {
  gpt::GptTable copy = table();
  return boot::DecodeSlotAttributes(Find(copy, slot).attributes);
}

void FakePartitionTable::SetAttributes(boot::Slot slot, boot::SlotAttributes attributes) {
  std::scoped_lock lock(mutex_);
  boot::Partition& partition = Find(table_, slot);
  partition.attributes = boot::EncodeSlotAttributes(attributes, partition.attributes);
}

std::vector<std::vector<gpt::SlotChange>> FakePartitionTable::updates() const {
  std::scoped_lock lock(mutex_);
  return updates_;
}

void FakePartitionTable::FailNextUpdate(Error error, Failure failure) {
  std::scoped_lock lock(mutex_);
  update_error_ = std::move(error);
  failure_ = failure;
}

void FakePartitionTable::FailLoads(std::optional<Error> error) {
  std::scoped_lock lock(mutex_);
  load_error_ = std::move(error);
}

}  // namespace matic::fakes
