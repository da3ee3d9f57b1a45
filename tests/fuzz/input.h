// What every fuzz target is made of: a claim that ends the program where it does not hold, and an
// input taken apart into values. An input that is too short gives zeros.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <span>
#include <string>
#include <string_view>

// Also in builds without assert. A fuzzer and a replay both end here, with the claim on stderr.
#define FUZZ_CLAIM(condition)                                                             \
  do {                                                                                    \
    if (!(condition)) {                                                                   \
      std::fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #condition); \
      std::abort();                                                                       \
    }                                                                                     \
  } while (false)

namespace matic::fuzz {

class Input {
 public:
  Input(const uint8_t* data, size_t size) : left_(data, size) {}

  template <typename T>
  T Number() {
    T value = 0;
    for (size_t i = 0; i < sizeof(T); ++i) {
      value = static_cast<T>(value | static_cast<T>(static_cast<T>(Byte()) << (8 * i)));
    }
    return value;
  }
  uint8_t Byte() {
    if (left_.empty()) return 0;
    const uint8_t byte = left_.front();
    left_ = left_.subspan(1);
    return byte;
  }
  bool Flag() { return (Byte() & 1) != 0; }

  std::span<const uint8_t> Take(size_t most) {
    const std::span<const uint8_t> taken = left_.first(std::min(most, left_.size()));
    left_ = left_.subspan(taken.size());
    return taken;
  }
  std::span<const uint8_t> Rest() { return Take(left_.size()); }
  std::string Text() {
    const std::span<const uint8_t> rest = Rest();
    return {rest.begin(), rest.end()};
  }
  // Up to the next line end, which is taken too.
  std::string Line() {
    const auto end = std::find(left_.begin(), left_.end(), uint8_t{'\n'});
    const std::string line(left_.begin(), end);
    Take(line.size() + 1);
    return line;
  }
  bool empty() const { return left_.empty(); }

 private:
  std::span<const uint8_t> left_;
};

inline std::string_view Text(const uint8_t* data, size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

}  // namespace matic::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);
