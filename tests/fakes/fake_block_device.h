// A disk in memory that can lose power.
#pragma once

#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "lib/os/block_device.h"

namespace matic::fakes {

// What a power loss makes of writes that were not flushed. Whole sectors are old or new.
enum class Loss {
  kAllLost,
  kAllKept,    // they had reached the medium anyway
  kLastTorn,   // all kept but for the second half of the last one
  kReordered,  // each sector of each write kept or lost by chance, as the seed says
};

enum class BadRangeKind {
  kReadFails,
  kWriteFails,
  kWriteIsLost,  // says it worked, and keeps what was there
};

// Keeps what a flush made durable apart from what was only written. Thread-safe.
class FakeBlockDevice final : public BlockDevice {
 public:
  enum class Kind { kRead, kWrite, kFlush };
  struct Operation {
    Kind kind;
    uint64_t offset = 0;
    uint64_t length = 0;

    bool operator==(const Operation&) const = default;
  };

  explicit FakeBlockDevice(uint64_t size, uint32_t sector_size = 512);

  Result<> Read(uint64_t offset, std::span<uint8_t> buffer) override;
  Result<> Write(uint64_t offset, std::span<const uint8_t> bytes) override;
  Result<> Flush() override;
  uint64_t size() const override { return content_.size(); }

  // Fills the disk, durably and without an operation.
  void Put(uint64_t offset, std::span<const uint8_t> bytes);
  // What a read returns now; what is there after a power loss that keeps nothing else.
  std::vector<uint8_t> content() const;
  std::vector<uint8_t> durable() const;
  // Whether something written was not flushed.
  bool has_unflushed() const;

  // All that was asked for, refused or not, in order.
  std::vector<Operation> operations() const;

  void AddBadRange(uint64_t offset, uint64_t length, BadRangeKind kind);
  // Operation `n` (from 0, counted from the first ever) is the last one begun: a write takes part
  // in the loss, a flush does nothing. It and all after it fail with kIo, until PowerOn.
  void CutPowerAt(size_t n, Loss loss, uint32_t seed = 0);
  // What survived is the content, and all of it durable. Does nothing where the power was never
  // cut.
  void PowerOn();

 private:
  struct PendingWrite {
    uint64_t offset;
    std::vector<uint8_t> bytes;
  };
  struct BadRange {
    uint64_t offset;
    uint64_t length;
    BadRangeKind kind;
  };
  struct PowerCut {
    size_t at;
    Loss loss;
    uint32_t seed;
  };

  Result<> Begin(Operation operation);
  bool Hits(BadRangeKind kind, uint64_t offset, uint64_t length) const;
  void LosePower();
  void Survive(const PendingWrite& write, size_t begin, size_t end);

  mutable std::mutex mutex_;
  uint32_t sector_size_;
  std::vector<uint8_t> content_;
  std::vector<uint8_t> durable_;
  std::vector<PendingWrite> pending_;
  std::vector<Operation> operations_;
  std::vector<BadRange> bad_ranges_;
  std::optional<PowerCut> cut_;
  bool dark_ = false;
};

}  // namespace matic::fakes
