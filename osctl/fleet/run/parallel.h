// The same work on many machines, some at a time.
#pragma once

#include <cstddef>
#include <functional>

namespace matic::fleet {

// Machines that are asked at once at the most: those that are off take ten seconds each.
inline constexpr size_t kAskedAtOnce = 128;

// Calls `work` with each index below `count`, from at most `limit` threads; returns when all is
// done. Begins with some threads, and takes more only where they wait instead of computing: what
// competes for processors takes longer at once than one after the other.
void ForEachIndex(size_t count, size_t limit, const std::function<void(size_t)>& work);

}  // namespace matic::fleet
