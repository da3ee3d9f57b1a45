// A short line of text, put together without allocation. What does not fit is cut.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace matic::boot {

class Line {
 public:
  constexpr Line& operator<<(std::string_view text) {
    for (char c : text) {
      if (length_ < text_.size()) text_[length_++] = c;
    }
    return *this;
  }
  constexpr Line& operator<<(uint64_t number) {
    std::array<char, 20> digits{};
    size_t first = digits.size();
    do {
      digits[--first] = static_cast<char>('0' + number % 10);
      number /= 10;
    } while (number > 0);
    return *this << std::string_view(digits.data() + first, digits.size() - first);
  }
  constexpr std::string_view text() const { return {text_.data(), length_}; }

 private:
  size_t length_ = 0;
  std::array<char, 160> text_{};
};

}  // namespace matic::boot
