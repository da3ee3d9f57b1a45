// What the compiler calls without being asked; there is no C library to take it from.
#include <cstddef>

#ifndef __clang__
// Otherwise GCC makes memcpy of the loop in memcpy.
#pragma GCC optimize("no-tree-loop-distribute-patterns")
#endif

extern "C" {

void* memcpy(void* to, const void* from, size_t count) {
  auto* target = static_cast<unsigned char*>(to);
  const auto* source = static_cast<const unsigned char*>(from);
  for (size_t i = 0; i < count; ++i) target[i] = source[i];
  return to;
}

void* memmove(void* to, const void* from, size_t count) {
  auto* target = static_cast<unsigned char*>(to);
  const auto* source = static_cast<const unsigned char*>(from);
  if (target < source) return memcpy(to, from, count);
  for (size_t i = count; i > 0; --i) target[i - 1] = source[i - 1];
  return to;
}

void* memset(void* to, int value, size_t count) {
  auto* target = static_cast<unsigned char*>(to);
  for (size_t i = 0; i < count; ++i) target[i] = static_cast<unsigned char>(value);
  return to;
}

int memcmp(const void* a, const void* b, size_t count) {
  const auto* left = static_cast<const unsigned char*>(a);
  const auto* right = static_cast<const unsigned char*>(b);
  for (size_t i = 0; i < count; ++i) {
    if (left[i] != right[i]) return left[i] - right[i];
  }
  return 0;
}

}  // extern "C"
