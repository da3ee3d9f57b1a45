// The content of a patch: what is to be copied, added and put in (docs/formats.md, "Patch").
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "lib/base/result.h"
#include "lib/delta/old_content.h"
#include "lib/delta/zstd_stream.h"

namespace matic::delta {

// Fills from the front with the patch's next bytes and says how many; 0 at its end. An error ends
// the patch.
using PatchReader = std::function<Result<size_t>(std::span<uint8_t>)>;

// All of `bytes`. kCorrupt where the patch ends before.
Result<> ReadAll(const PatchReader& reader, std::span<uint8_t> bytes);

inline constexpr size_t kFrameHeaderBytes = 16;
// Of one of a frame's three streams, packed.
inline constexpr uint32_t kMaxFrameStreamBytes = 2 * 1024 * 1024;
// Of what one of the three holds that no step has used. A frame's parts are for its own steps, so
// next to nothing is left at its end, whatever the builder.
inline constexpr size_t kMaxUnreadBytes = 2 * kMaxFrameStreamBytes;
// What a frame makes, as the builder cuts them.
inline constexpr uint64_t kFrameMakesBytes = 1024 * 1024;

// A step: on by `seek` in the old content from where the last one ended (the first: from its
// start); `add` bytes of it, each with one of the patch added; `extra` bytes of the patch.
struct PatchStep {
  int64_t seek = 0;
  uint64_t add = 0;
  uint64_t extra = 0;

  bool operator==(const PatchStep&) const = default;
};

// Makes the new content, unpacked, from its first byte to its last.
class NewContent {
 public:
  NewContent(PatchReader reader, OldContent old_content)
      : reader_(std::move(reader)), old_(std::move(old_content)) {}

  // The next bytes. False where the old image does not hold what it should: these are of no use,
  // those after them may be. kCorrupt where the patch is damaged, or the reader's error.
  Result<bool> Read(std::span<uint8_t> bytes);

  uint64_t old_bytes_unpacked() const { return old_.unpacked_bytes(); }

 private:
  Result<> NextFrame();
  Result<> NextStep();
  Result<uint64_t> TakeControl();
  Result<bool> Add(std::span<uint8_t> bytes);

  PatchReader reader_;
  OldContent old_;
  UnpackStream control_;
  UnpackStream differences_;
  UnpackStream extra_;
  uint32_t steps_left_ = 0;  // of the frame
  PatchStep step_;           // what is left of it
  uint64_t position_ = 0;    // in the old content
};

}  // namespace matic::delta
