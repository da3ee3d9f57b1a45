#include "boot/efi/stopwatch.h"

#include <algorithm>

namespace matic::boot {

#if defined(__x86_64__)

uint64_t Stopwatch::Ticks() { return __builtin_ia32_rdtsc(); }

uint64_t Stopwatch::TicksPerMillisecond() const {
  constexpr UINTN kMicroseconds = 2000;
  const uint64_t before = Ticks();
  firmware_.boot().Stall(kMicroseconds);
  return (Ticks() - before) / (kMicroseconds / 1000);
}

#elif defined(__aarch64__)

uint64_t Stopwatch::Ticks() {
  uint64_t ticks = 0;
  asm volatile("mrs %0, cntvct_el0" : "=r"(ticks));
  return ticks;
}

uint64_t Stopwatch::TicksPerMillisecond() const {
  uint64_t per_second = 0;
  asm volatile("mrs %0, cntfrq_el0" : "=r"(per_second));
  return per_second / 1000;
}

#else
#error "no counter known for this architecture"
#endif

uint64_t Stopwatch::Milliseconds() const {
  const uint64_t ticks = Ticks() - start_;
  return ticks / std::max<uint64_t>(TicksPerMillisecond(), 1);
}

}  // namespace matic::boot
