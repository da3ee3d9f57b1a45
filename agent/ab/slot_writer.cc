#include "agent/ab/slot_writer.h"

#include <algorithm>
#include <cstring>

#include "boot/policy/section_table.h"

namespace matic::ab {
namespace {

constexpr size_t kBlock = boot::kImageBlockBytes;

// The slot as it will be: its first block comes from memory, since on the device it is still zero.
class UnfinishedSlot final : public BlockDevice {
 public:
  UnfinishedSlot(BlockDevice& slot, std::span<const uint8_t> first_block, uint64_t size)
      : slot_(slot), first_block_(first_block), size_(size) {}

  Result<> Read(uint64_t offset, std::span<uint8_t> buffer) override {
    if (offset < first_block_.size()) {
      const size_t count = std::min<size_t>(buffer.size(), first_block_.size() - offset);
      std::memcpy(buffer.data(), first_block_.data() + offset, count);
      buffer = buffer.subspan(count);
      offset += count;
    }
    return buffer.empty() ? Result<>() : slot_.Read(offset, buffer);
  }
  Result<> Write(uint64_t, std::span<const uint8_t>) override {
    return Fail(ErrorCode::kInternal, "an unfinished slot is only read");
  }
  Result<> Flush() override { return slot_.Flush(); }
  uint64_t size() const override { return size_; }

 private:
  BlockDevice& slot_;
  std::span<const uint8_t> first_block_;
  uint64_t size_;
};

uint64_t RoundUp(uint64_t bytes) { return (bytes + kBlock - 1) / kBlock * kBlock; }

// What can be known from the first block, before anything is written or the rest is fetched.
Result<> CheckStart(std::span<const uint8_t> bytes, uint64_t slot_bytes) {
  if (bytes.size() < kBlock) {
    return Fail(ErrorCode::kCorrupt,
                "not an image: only " + std::to_string(bytes.size()) + " bytes long");
  }
  const auto squashfs_bytes = boot::SquashfsBytesUsed(bytes);
  if (!squashfs_bytes) {
    return Fail(ErrorCode::kCorrupt, "not an image: it does not begin with a squashfs");
  }
  const auto table = boot::SectionTableOffset(*squashfs_bytes);
  if (!table || *table > slot_bytes || slot_bytes - *table < boot::kSectionTableBytes) {
    return Fail(ErrorCode::kInvalidArgument, "the image's squashfs alone is " +
                                                 std::to_string(*squashfs_bytes) +
                                                 " bytes, the slot " + std::to_string(slot_bytes));
  }
  return {};
}

}  // namespace

SlotWriter::SlotWriter(BlockDevice& slot, std::function<Result<>()> make_unbootable)
    : slot_(slot), make_unbootable_(std::move(make_unbootable)), first_block_(kBlock) {}

Result<> SlotWriter::GoOn(std::span<const uint8_t> first_block, uint64_t bytes) {
  if (bytes % kBlock != 0 || bytes > slot_.size()) {
    return Fail(ErrorCode::kCorrupt, "no image goes on at " + std::to_string(bytes));
  }
  MATIC_TRY(Prepare(first_block));
  position_ = bytes;
  return {};
}

Result<> SlotWriter::AddWritten(crypto::Sha256& hash, const VerifyProgress& progress,
                                std::stop_token stop) {
  UnfinishedSlot slot(slot_, first_block_.bytes(), position_);
  return AddImage(hash, slot, position_, progress, std::move(stop));
}

Result<> SlotWriter::Take(const Chunk& chunk) {
  if (chunk.offset == 0) {
    position_ = 0;
    MATIC_TRY(Prepare(chunk.bytes()));
  }
  if (chunk.offset != position_) {
    return Fail(ErrorCode::kInternal, "a chunk at " + std::to_string(chunk.offset) +
                                          " came where one at " + std::to_string(position_) +
                                          " was due");
  }
  if (RoundUp(position_ + chunk.size) > slot_.size()) {
    return Fail(ErrorCode::kInvalidArgument,
                "the image is larger than the slot (" + std::to_string(slot_.size()) + " bytes)");
  }
  for (auto run = chunk.NextWritten(0); run; run = chunk.NextWritten(run->end)) {
    MATIC_TRY(slot_.Write(position_ + run->begin, chunk.bytes(*run)));
  }
  position_ += chunk.size;
  return {};
}

Result<> SlotWriter::Prepare(std::span<const uint8_t> first) {
  MATIC_TRY(CheckStart(first, slot_.size()));
  if (!prepared_) {
    MATIC_TRY(make_unbootable_());
    std::ranges::fill(first_block_.bytes(), uint8_t{0});
    MATIC_TRY(slot_.Write(0, first_block_.bytes()));
    MATIC_TRY(slot_.Flush());
    prepared_ = true;
  }
  std::ranges::copy(first.first(kBlock), first_block_.data());
  return {};
}

Result<image::ImageInfo> SlotWriter::Inspect() {
  MATIC_TRY(slot_.Flush());
  UnfinishedSlot slot(slot_, first_block_.bytes(), RoundUp(position_));
  MATIC_ASSIGN(image::ImageInfo info, image::InspectImage(slot));
  if (info.image_bytes != position_) {
    return Fail(ErrorCode::kCorrupt, "the image is " + std::to_string(position_) +
                                         " bytes long, its section table knows of " +
                                         std::to_string(info.image_bytes));
  }
  MATIC_TRY(image::VerifyParts(slot, info));
  return info;
}

Result<> SlotWriter::Complete() {
  MATIC_TRY(slot_.Write(0, first_block_.bytes()));
  MATIC_TRY(slot_.Flush());
  AlignedBuffer back(kBlock);
  MATIC_TRY(slot_.Read(0, back.bytes()));
  if (std::ranges::equal(back.bytes(), first_block_.bytes())) return {};
  // Not even as a last resort may it be started.
  std::ranges::fill(back.bytes(), uint8_t{0});
  MATIC_TRY(slot_.Write(0, back.bytes()));
  MATIC_TRY(slot_.Flush());
  return Fail(ErrorCode::kIo, "the first block read back differs from what was written");
}

}  // namespace matic::ab
