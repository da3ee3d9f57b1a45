#include "tests/fakes/broken_text.h"

#include <array>
#include <random>
#include <string_view>

namespace matic::fakes {
namespace {

using namespace std::string_view_literals;

constexpr size_t kAbsurdLength = 1024 * 1024;
constexpr size_t kAbsurdDepth = 100'000;
constexpr unsigned kSeed = 20260127;

// What means something to one parser or another.
constexpr std::array kInserted = {"\0"sv,
                                  "\xff\xfe"sv,
                                  "\xc0\xaf"sv,
                                  "\xed\xa0\x80"sv,
                                  "\xf4\x90\x80\x80"sv,
                                  "\xe2\x80"sv,
                                  "\""sv,
                                  "\\u0000"sv,
                                  "{"sv,
                                  "]"sv,
                                  "\n"sv,
                                  "\r\n\r\n"sv,
                                  "-"sv,
                                  "1e999"sv,
                                  "99999999999999999999999"sv,
                                  "%00"sv,
                                  "../../../"sv,
                                  "null"sv,
                                  "\x7f"sv,
                                  "%s%n"sv};

class Damage {
 public:
  explicit Damage(std::string text) : text_(std::move(text)) {}

  std::string Next() {
    std::string broken = text_;
    const size_t changes = 1 + Below(3);
    for (size_t i = 0; i < changes; ++i) Change(broken);
    return broken;
  }

 private:
  // Not std::uniform_int_distribution, which differs from library to library.
  size_t Below(size_t limit) { return limit == 0 ? 0 : random_() % limit; }

  void Change(std::string& text) {
    const size_t at = Below(text.size() + 1);
    const size_t length = Below(std::min<size_t>(text.size() - at, 16) + 1);
    switch (Below(5)) {
      case 0:
        if (at < text.size()) text[at] = static_cast<char>(text[at] ^ (1 << Below(8)));
        return;
      case 1:
        text.erase(at, length);
        return;
      case 2:
        text.insert(at, text.substr(at, length));
        return;
      case 3:
        text.insert(at, kInserted.at(Below(kInserted.size())));
        return;
      default:
        text.replace(at, length, kInserted.at(Below(kInserted.size())));
        return;
    }
  }

  const std::string text_;
  std::mt19937 random_{kSeed};
};

}  // namespace

std::vector<std::string> Broken(const std::string& good, size_t count) {
  std::vector<std::string> texts = {
      "",
      std::string(1, '\0'),
      good + '\0',
      '\0' + good,
      "\xef\xbb\xbf" + good,
      good + good,
      good + std::string(kAbsurdLength, 'a'),
      std::string(kAbsurdLength, ' ') + good,
      std::string(kAbsurdLength, '\xff'),
      std::string(kAbsurdLength, '9'),
      std::string(kAbsurdDepth, '['),
      std::string(kAbsurdDepth, '[') + std::string(kAbsurdDepth, ']'),
      std::string(kAbsurdDepth, '(') + good,
      "{\"a\":" + std::string(kAbsurdDepth, '{') + good,
  };
  // Every end at which a short text can be cut off, and so many of a long one.
  const size_t step = 1 + good.size() / 150;
  for (size_t end = 1; end < good.size(); end += step) texts.push_back(good.substr(0, end));
  Damage damage(good);
  for (size_t i = 0; i < count; ++i) texts.push_back(damage.Next());
  std::erase(texts, good);
  return texts;
}

}  // namespace matic::fakes
