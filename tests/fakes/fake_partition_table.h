// A partition table in memory.
#pragma once

#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "lib/gpt/partition_table.h"

namespace matic::fakes {

// A disk as the factory leaves it: esp, slot-a (priority 1, successful), slot-b (unbootable),
// state; each slot of `slot_bytes`, a multiple of 1 MiB. Bits 60 and 63 of the slots are set.
gpt::GptTable FactoryTable(uint64_t slot_bytes);

// Thread-safe.
class FakePartitionTable final : public gpt::PartitionTable {
 public:
  explicit FakePartitionTable(gpt::GptTable table) : table_(std::move(table)) {}

  Result<gpt::GptTable> Load() override;
  Result<std::vector<std::string>> Repair() override;
  Result<> UpdateAttributes(std::span<const gpt::SlotChange> changes) override;

  // What is on the disk now.
  gpt::GptTable table() const;
  void SetTable(gpt::GptTable table);
  // Of a slot that the table has.
  boot::SlotAttributes Attributes(boot::Slot slot) const;
  void SetAttributes(boot::Slot slot, boot::SlotAttributes attributes);
  // The changes written, one element for each write of the table.
  std::vector<std::vector<gpt::SlotChange>> updates() const;

  enum class Failure {
    kBeforeChange,  // nothing was written
    kAfterChange,   // it was written, and the error came after
  };
  // The next change fails with `error`.
  void FailNextUpdate(Error error, Failure failure = Failure::kBeforeChange);
  // Every Load fails with it until it is called with nothing.
  void FailLoads(std::optional<Error> error);

 private:
  void MakeWhole();
  Result<> Apply(std::span<const gpt::SlotChange> changes);

  mutable std::mutex mutex_;
  gpt::GptTable table_;
  std::vector<std::vector<gpt::SlotChange>> updates_;
  std::optional<Error> load_error_;
  std::optional<Error> update_error_;
  Failure failure_ = Failure::kBeforeChange;
};

}  // namespace matic::fakes
