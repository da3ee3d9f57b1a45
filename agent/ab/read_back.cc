#include "agent/ab/read_back.h"

#include <algorithm>
#include <cstring>

namespace matic::ab {

Result<> ReadBack::Check(const Chunk& chunk) {
  for (auto run = chunk.NextWritten(0); run; run = chunk.NextWritten(run->end)) {
    MATIC_TRY(CheckRun(chunk, *run));
  }
  return {};
}

Result<> ReadBack::CheckRun(const Chunk& chunk, const BlockRun& run) {
  for (size_t at = run.begin; at < run.end;) {
    const size_t count = std::min(buffer_.size(), run.end - at);
    const auto got = buffer_.bytes().first(count);
    MATIC_TRY(slot_.Read(chunk.offset + at, got));
    const uint8_t* wanted = chunk.buffer.data() + at;
    if (std::memcmp(got.data(), wanted, count) != 0) {
      const auto differs = std::ranges::mismatch(got, std::span(wanted, count)).in1 - got.begin();
      const uint64_t where = chunk.offset + at + static_cast<uint64_t>(differs);
      return Fail(ErrorCode::kIo, "what was read back at " + std::to_string(where) +
                                      " of the slot differs from what was written; the storage "
                                      "may be failing");
    }
    at += count;
  }
  return {};
}

}  // namespace matic::ab
