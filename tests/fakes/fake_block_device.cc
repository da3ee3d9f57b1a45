#include "tests/fakes/fake_block_device.h"

#include <algorithm>
#include <random>
#include <utility>

#include "lib/os/block_range.h"

namespace matic::fakes {

FakeBlockDevice::FakeBlockDevice(uint64_t size, uint32_t sector_size)
    : sector_size_(sector_size), content_(size), durable_(size) {}

Result<> FakeBlockDevice::Read(uint64_t offset, std::span<uint8_t> buffer) {
  std::scoped_lock lock(mutex_);
  MATIC_TRY(Begin({Kind::kRead, offset, buffer.size()}));
  MATIC_TRY(CheckRange("read", "fake disk", offset, buffer.size(), content_.size()));
  if (Hits(BadRangeKind::kReadFails, offset, buffer.size())) {
    return Fail(ErrorCode::kIo,
                "read fake disk at " + std::to_string(offset) + ": Input/output error");
  }
  std::copy_n(content_.begin() + static_cast<ptrdiff_t>(offset), buffer.size(), buffer.begin());
  return {};
}

Result<> FakeBlockDevice::Write(uint64_t offset, std::span<const uint8_t> bytes) {
  std::scoped_lock lock(mutex_);
  Result<> begun = Begin({Kind::kWrite, offset, bytes.size()});
  const bool cut_here = !begun && !dark_;
  if (dark_) return begun;
  MATIC_TRY(CheckRange("write", "fake disk", offset, bytes.size(), content_.size()));
  if (Hits(BadRangeKind::kWriteFails, offset, bytes.size())) {
    return Fail(ErrorCode::kIo,
                "write fake disk at " + std::to_string(offset) + ": Input/output error");
  }
  if (!Hits(BadRangeKind::kWriteIsLost, offset, bytes.size())) {
    std::ranges::copy(bytes, content_.begin() + static_cast<ptrdiff_t>(offset));
    pending_.push_back({offset, {bytes.begin(), bytes.end()}});
  }
  if (cut_here) LosePower();
  return begun;
}

Result<> FakeBlockDevice::Flush() {
  std::scoped_lock lock(mutex_);
  MATIC_TRY(Begin({Kind::kFlush}));
  for (const PendingWrite& write : pending_) Survive(write, 0, write.bytes.size());
  pending_.clear();
  return {};
}

Result<> FakeBlockDevice::Begin(Operation operation) {
  operations_.push_back(operation);
  const bool cut_now = cut_ && !dark_ && operations_.size() > cut_->at;
  // A write still has its part in what is lost.
  if (cut_now && operation.kind != Kind::kWrite) LosePower();
  if (dark_ || cut_now) return Fail(ErrorCode::kIo, "fake disk: the power is gone");
  return {};
}

void FakeBlockDevice::LosePower() {
  dark_ = true;
  std::mt19937 random(cut_->seed);
  for (const PendingWrite& write : pending_) {
    const bool last = &write == &pending_.back();
    const size_t length = write.bytes.size();
    switch (cut_->loss) {
      case Loss::kAllLost:
        break;
      case Loss::kAllKept:
        Survive(write, 0, length);
        break;
      case Loss::kLastTorn:
        Survive(write, 0, last ? length / 2 / sector_size_ * sector_size_ : length);
        break;
      case Loss::kReordered:
        for (size_t begin = 0; begin < length; begin += sector_size_) {
          if (random() % 2 == 0) Survive(write, begin, std::min(length, begin + sector_size_));
        }
        break;
    }
  }
  pending_.clear();
}

void FakeBlockDevice::Survive(const PendingWrite& write, size_t begin, size_t end) {
  std::copy(write.bytes.begin() + static_cast<ptrdiff_t>(begin),
            write.bytes.begin() + static_cast<ptrdiff_t>(end),
            durable_.begin() + static_cast<ptrdiff_t>(write.offset + begin));
}

bool FakeBlockDevice::Hits(BadRangeKind kind, uint64_t offset, uint64_t length) const {
  return std::ranges::any_of(bad_ranges_, [&](const BadRange& bad) {
    return bad.kind == kind && offset < bad.offset + bad.length && bad.offset < offset + length;
  });
}

void FakeBlockDevice::Put(uint64_t offset, std::span<const uint8_t> bytes) {
  std::scoped_lock lock(mutex_);
  std::ranges::copy(bytes, content_.begin() + static_cast<ptrdiff_t>(offset));
  std::ranges::copy(bytes, durable_.begin() + static_cast<ptrdiff_t>(offset));
}

std::vector<uint8_t> FakeBlockDevice::content() const {
  std::scoped_lock lock(mutex_);
  return content_;
}

std::vector<uint8_t> FakeBlockDevice::durable() const {
  std::scoped_lock lock(mutex_);
  return durable_;
}

bool FakeBlockDevice::has_unflushed() const {
  std::scoped_lock lock(mutex_);
  return !pending_.empty();
}

std::vector<FakeBlockDevice::Operation> FakeBlockDevice::operations() const {
  std::scoped_lock lock(mutex_);
  return operations_;
}

void FakeBlockDevice::AddBadRange(uint64_t offset, uint64_t length, BadRangeKind kind) {
  std::scoped_lock lock(mutex_);
  bad_ranges_.push_back({offset, length, kind});
}

void FakeBlockDevice::CutPowerAt(size_t n, Loss loss, uint32_t seed) {
  std::scoped_lock lock(mutex_);
  cut_ = PowerCut{n, loss, seed};
}

void FakeBlockDevice::PowerOn() {
  std::scoped_lock lock(mutex_);
  if (dark_) content_ = durable_;
  dark_ = false;
  cut_.reset();
}

}  // namespace matic::fakes
