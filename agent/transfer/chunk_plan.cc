#include "agent/transfer/chunk_plan.h"

#include <algorithm>
#include <tuple>

namespace matic::transfer {
namespace {

class Holders {
 public:
  explicit Holders(std::vector<HeldChunk> held) : held_(std::move(held)) {
    std::ranges::sort(held_, {}, [](const HeldChunk& chunk) {
      return std::tuple(chunk.sha256, chunk.origin, chunk.offset);
    });
  }

  PlannedChunk Find(const crypto::Digest& sha256, uint64_t place) const {
    PlannedChunk best;
    for (auto chunk = std::ranges::lower_bound(held_, sha256, {}, &HeldChunk::sha256);
         chunk != held_.end() && chunk->sha256 == sha256; ++chunk) {
      if (chunk->origin == Origin::kTarget && chunk->offset == place) {
        return {Origin::kInPlace, place};
      }
      if (best.origin != Origin::kServer) continue;
      if (chunk->origin == Origin::kTarget && chunk->offset < place) continue;
      best = {chunk->origin, chunk->offset};
    }
    return best;
  }

 private:
  std::vector<HeldChunk> held_;
};

// Whether two stretches of the server's with these chunks between them are better one.
void FetchGapsAlong(const delta::ChunkIndex& index, std::vector<PlannedChunk>& chunks) {
  size_t gap_begin = chunks.size();  // none before the first stretch
  uint64_t gap = 0;
  for (size_t i = 0; i < chunks.size(); ++i) {
    if (chunks[i].origin != Origin::kServer) {
      gap += index.chunks[i].length;
      continue;
    }
    if (gap <= kGapBytes) {
      for (size_t j = gap_begin; j < i; ++j) chunks[j].along = true;
    }
    gap_begin = i + 1;
    gap = 0;
  }
}

}  // namespace

void AddHeld(const delta::ChunkIndex& index, Origin origin, std::vector<HeldChunk>& held) {
  held.reserve(held.size() + index.chunks.size());
  uint64_t offset = 0;
  for (const delta::IndexedChunk& chunk : index.chunks) {
    held.push_back({chunk.sha256, origin, offset});
    offset += chunk.length;
  }
}

bool ChunkPlan::all_in_place() const {
  return std::ranges::all_of(
      chunks, [](const PlannedChunk& chunk) { return chunk.origin == Origin::kInPlace; });
}

ChunkPlan PlanChunks(const delta::ChunkIndex& index, std::vector<HeldChunk> held) {
  const Holders holders(std::move(held));
  ChunkPlan plan;
  plan.chunks.reserve(index.chunks.size());
  uint64_t offset = 0;
  for (const delta::IndexedChunk& chunk : index.chunks) {
    plan.chunks.push_back(holders.Find(chunk.sha256, offset));
    offset += chunk.length;
  }
  FetchGapsAlong(index, plan.chunks);
  Count(index, plan);
  return plan;
}

void Count(const delta::ChunkIndex& index, ChunkPlan& plan) {
  const auto ranges = RangesToFetch(index, plan, 0, std::nullopt);
  plan.fetched_bytes = 0;
  for (const delta::ByteRange& range : ranges) plan.fetched_bytes += range.length;
  plan.reused_bytes = index.image_bytes - plan.fetched_bytes;
  plan.requests = ranges.size();
}

std::vector<delta::ByteRange> RangesToFetch(const delta::ChunkIndex& index, const ChunkPlan& plan,
                                            size_t first, const MadeRanges& made) {
  std::vector<delta::ByteRange> ranges;
  uint64_t offset = 0;
  for (size_t i = 0; i < plan.chunks.size(); ++i) {
    const delta::ByteRange chunk{offset, index.chunks[i].length};
    offset += chunk.length;
    const bool wanted = plan.chunks[i].origin == Origin::kServer ? !made || !Covers(*made, chunk)
                                                                 : plan.chunks[i].along && !made;
    if (i < first || !wanted) continue;
    const bool joins = !ranges.empty() &&
                       ranges.back().offset + ranges.back().length == chunk.offset &&
                       ranges.back().length + chunk.length <= kLongestRange;
    if (joins) {
      ranges.back().length += chunk.length;
    } else {
      ranges.push_back(chunk);
    }
  }
  return ranges;
}

bool Covers(std::span<const delta::ByteRange> ranges, const delta::ByteRange& wanted) {
  const auto behind =
      std::ranges::upper_bound(ranges, wanted.offset, {}, &delta::ByteRange::offset);
  if (behind == ranges.begin()) return false;
  const delta::ByteRange& range = *std::prev(behind);
  return wanted.offset + wanted.length <= range.offset + range.length;
}

}  // namespace matic::transfer
