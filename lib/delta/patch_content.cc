#include "lib/delta/patch_content.h"

#include <algorithm>
#include <array>
#include <string>

#include "boot/policy/little_endian.h"
#include "lib/delta/varint.h"

namespace matic::delta {
namespace {

tl::unexpected<Error> Damaged(const std::string& what) {
  return Fail(ErrorCode::kCorrupt, "patch: " + what);
}

}  // namespace

Result<> ReadAll(const PatchReader& reader, std::span<uint8_t> bytes) {
  while (!bytes.empty()) {
    MATIC_ASSIGN(const size_t got, reader(bytes));
    if (got == 0 || got > bytes.size()) return Damaged("it is cut short");
    bytes = bytes.subspan(got);
  }
  return {};
}

Result<> NewContent::NextFrame() {
  std::array<uint8_t, kFrameHeaderBytes> header{};
  MATIC_TRY(ReadAll(reader_, header));
  steps_left_ = boot::Load32(header, 0);
  if (steps_left_ == 0) return Damaged("a frame without steps");
  const std::array<UnpackStream*, 3> streams = {&control_, &differences_, &extra_};
  for (size_t i = 0; i < streams.size(); ++i) {
    const uint32_t length = boot::Load32(header, 4 + 4 * i);
    if (length > kMaxFrameStreamBytes) {
      return Damaged("a frame of " + std::to_string(length) + " bytes");
    }
    if (streams[i]->unread_bytes() + length > kMaxUnreadBytes) {
      return Damaged("its frames hold more than their steps use");
    }
    std::vector<uint8_t> packed(length);
    MATIC_TRY(ReadAll(reader_, packed));
    streams[i]->Feed(packed);
  }
  return {};
}

Result<uint64_t> NewContent::TakeControl() {
  std::array<uint8_t, 10> bytes{};
  for (size_t i = 0; i < bytes.size(); ++i) {
    MATIC_TRY(control_.Read(std::span(bytes).subspan(i, 1)));
    if ((bytes[i] & 0x80) != 0) continue;
    std::span<const uint8_t> taken = std::span(bytes).first(i + 1);
    const auto number = TakeNumber(taken);
    if (number) return *number;
    break;
  }
  return Damaged("a number beyond 64 bits");
}

Result<> NewContent::NextStep() {
  if (steps_left_ == 0) MATIC_TRY(NextFrame());
  --steps_left_;
  MATIC_ASSIGN(const uint64_t seek, TakeControl());
  // Modulo 2^64; where it ends up is checked before it is read from.
  position_ += static_cast<uint64_t>(SignedOf(seek));
  MATIC_ASSIGN(step_.add, TakeControl());
  MATIC_ASSIGN(step_.extra, TakeControl());
  if (step_.add == 0 && step_.extra == 0) return Damaged("a step that does nothing");
  return {};
}

Result<bool> NewContent::Add(std::span<uint8_t> bytes) {
  MATIC_TRY(differences_.Read(bytes));
  if (position_ > old_.size() || bytes.size() > old_.size() - position_) {
    return Damaged("a step reads beyond the old content");
  }
  MATIC_ASSIGN(const bool good, old_.AddTo(position_, bytes));
  position_ += bytes.size();
  return good;
}

Result<bool> NewContent::Read(std::span<uint8_t> bytes) {
  bool good = true;
  while (!bytes.empty()) {
    if (step_.add == 0 && step_.extra == 0) MATIC_TRY(NextStep());
    const bool adds = step_.add > 0;
    uint64_t& left = adds ? step_.add : step_.extra;
    const auto part = bytes.first(static_cast<size_t>(std::min<uint64_t>(left, bytes.size())));
    if (adds) {
      MATIC_ASSIGN(const bool added, Add(part));
      good = good && added;
    } else {
      MATIC_TRY(extra_.Read(part));
    }
    left -= part.size();
    bytes = bytes.subspan(part.size());
  }
  return good;
}

}  // namespace matic::delta
