// How one string of bytes is made of another, as bsdiff finds it (Colin Percival, "Naive
// differences of executable code", 2003): long stretches that are nearly equal, with few bytes that
// differ.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <stop_token>

#include "lib/base/result.h"
#include "lib/delta/patch_content.h"

namespace matic::patching {

// More of the old content cannot be searched: 5 bytes of memory for each byte of it.
inline constexpr uint64_t kMaxContentBytes = uint64_t{1} << 30;

// `new_at` is where in the new content the step begins.
using StepSink = std::function<Result<>(uint64_t new_at, const delta::PatchStep& step)>;

// Steps that make `new_content` of `old_content`, in order; none that makes nothing. Takes about a
// second for each 8 MB. kInvalidArgument where one is larger than kMaxContentBytes; kCancelled
// after a stop; the sink's error ends it.
Result<> FindDifferences(std::span<const uint8_t> old_content, std::span<const uint8_t> new_content,
                         const StepSink& sink, const std::stop_token& stop = {});

}  // namespace matic::patching
