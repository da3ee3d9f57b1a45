#include "lib/trust/version.h"

#include <algorithm>
#include <string>

namespace matic::trust {
namespace {

// Not the C library's, whose answers depend on the locale.
bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool Counts(char c) {
  return IsDigit(c) || IsLetter(c) || c == '~' || c == '-' || c == '^' || c == '.';
}

void SkipWhatDoesNotCount(std::string_view& text) {
  text.remove_prefix(static_cast<size_t>(std::ranges::find_if(text, Counts) - text.begin()));
}

template <typename Predicate>
std::string_view TakeWhile(std::string_view& text, Predicate predicate) {
  const auto end = std::ranges::find_if_not(text, predicate);
  const std::string_view taken = text.substr(0, static_cast<size_t>(end - text.begin()));
  text.remove_prefix(taken.size());
  return taken;
}

// A string that starts with `separator` is older than one that does not. Where both do, both lose
// it.
std::strong_ordering CompareSeparator(char separator, std::string_view& a, std::string_view& b) {
  const bool in_a = a.starts_with(separator);
  const bool in_b = b.starts_with(separator);
  if (in_a != in_b) return in_a ? std::strong_ordering::less : std::strong_ordering::greater;
  if (in_a) {
    a.remove_prefix(1);
    b.remove_prefix(1);
  }
  return std::strong_ordering::equal;
}

std::strong_ordering CompareNumbers(std::string_view a, std::string_view b) {
  // No number at all is older than any, 0 included.
  if (a.empty() != b.empty()) return !a.empty() <=> !b.empty();
  a.remove_prefix(std::min(a.find_first_not_of('0'), a.size()));
  b.remove_prefix(std::min(b.find_first_not_of('0'), b.size()));
  if (a.size() != b.size()) return a.size() <=> b.size();
  return a <=> b;
}

}  // namespace

Result<> CheckVersion(std::string_view version) {
  const bool characters =
      std::ranges::all_of(version, [](char c) { return Counts(c) || c == '_'; });
  if (characters && version.size() <= kMaxVersionBytes && std::ranges::any_of(version, IsDigit)) {
    return {};
  }
  return Fail(ErrorCode::kInvalidArgument,
              "a version has 1 to 64 of the characters 0-9 A-Z a-z . _ ~ ^ - and a digit");
}

std::strong_ordering CompareVersions(std::string_view a, std::string_view b) {
  for (;;) {
    SkipWhatDoesNotCount(a);
    SkipWhatDoesNotCount(b);
    // Before the end of a string, so that 2.0~rc1 is older than 2.0.
    if (const auto order = CompareSeparator('~', a, b); order != 0) return order;
    if (a.empty() || b.empty()) return !a.empty() <=> !b.empty();
    for (const char separator : {'-', '^', '.'}) {
      if (const auto order = CompareSeparator(separator, a, b); order != 0) return order;
    }
    const bool number = (!a.empty() && IsDigit(a.front())) || (!b.empty() && IsDigit(b.front()));
    const std::string_view part_a = number ? TakeWhile(a, IsDigit) : TakeWhile(a, IsLetter);
    const std::string_view part_b = number ? TakeWhile(b, IsDigit) : TakeWhile(b, IsLetter);
    const auto order = number ? CompareNumbers(part_a, part_b) : part_a <=> part_b;
    if (order != 0) return order;
  }
}

}  // namespace matic::trust
