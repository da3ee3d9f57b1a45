// Where each chunk of an image is to come from. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "lib/delta/chunk_index.h"
#include "lib/delta/patch_header.h"

namespace matic::transfer {

enum class Origin : uint8_t {
  kServer,
  kRunning,  // the slot that runs has it
  kTarget,   // the slot that is written has it, where nothing is written before it is read
  kInPlace,  // the slot that is written has it where it belongs
};

// A chunk that a slot seems to hold. Who reads it there verifies it.
struct HeldChunk {
  crypto::Digest sha256{};
  Origin origin = Origin::kRunning;  // kRunning or kTarget
  uint64_t offset = 0;
};

// All chunks of an index, one behind the other from `offset` 0 on.
void AddHeld(const delta::ChunkIndex& index, Origin origin, std::vector<HeldChunk>& held);

struct PlannedChunk {
  Origin origin = Origin::kServer;
  uint64_t offset = 0;  // in the slot that has it
  // It lies between two stretches that are fetched, and is fetched along where no patch makes
  // those.
  bool along = false;
};

struct ChunkPlan {
  std::vector<PlannedChunk> chunks;  // of the index, in its order
  // Where no patch makes any of it:
  uint64_t fetched_bytes = 0;
  uint64_t reused_bytes = 0;
  size_t requests = 0;  // for what is fetched

  bool all_in_place() const;
};

// What lies between two stretches that are fetched is fetched along up to here: it costs less than
// another request.
inline constexpr uint64_t kGapBytes = 32 * 1024;
// The longest stretch that is asked for at once.
inline constexpr uint64_t kLongestRange = 1024 * 1024;

// Sets the sums of `plan` by its chunks.
void Count(const delta::ChunkIndex& index, ChunkPlan& plan);

// What is in place is left there; else the running slot goes before the one that is written. Of the
// latter a chunk is of use only where nothing was written when its turn comes.
ChunkPlan PlanChunks(const delta::ChunkIndex& index, std::vector<HeldChunk> held);

// What a patch makes, in ascending order; nothing: there is none.
using MadeRanges = std::optional<std::span<const delta::ByteRange>>;

// What of the chunks from `first` on comes from the server, none longer than kLongestRange.
std::vector<delta::ByteRange> RangesToFetch(const delta::ChunkIndex& index, const ChunkPlan& plan,
                                            size_t first, const MadeRanges& made);

// Whether one of `ranges`, which ascend, has all of `wanted`.
bool Covers(std::span<const delta::ByteRange> ranges, const delta::ByteRange& wanted);

}  // namespace matic::transfer
