#include "lib/http/response_parser.h"

#include <absl/strings/ascii.h>
#include <absl/strings/match.h>

#include <algorithm>
#include <charconv>

namespace matic::http {
namespace {

constexpr size_t kMaxHeaderBytes = 64 * 1024;

// Takes the number at the front of `text` and `separator` behind it away.
std::optional<uint64_t> TakeNumber(std::string_view& text, char separator) {
  uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{}) return std::nullopt;
  text.remove_prefix(static_cast<size_t>(end - text.data()));
  if (separator == '\0') return text.empty() ? std::optional(value) : std::nullopt;
  if (text.empty() || text.front() != separator) return std::nullopt;
  text.remove_prefix(1);
  return value;
}

absl::string_view Absl(std::string_view text) { return {text.data(), text.size()}; }

unsigned char AsByte(char c) { return static_cast<unsigned char>(c); }

std::string_view Trim(std::string_view text) {
  const absl::string_view trimmed = absl::StripAsciiWhitespace(Absl(text));
  return {trimmed.data(), trimmed.size()};
}

}  // namespace

std::optional<ContentRange> ParseContentRange(std::string_view text) {
  constexpr std::string_view kUnit = "bytes ";
  if (!absl::StartsWithIgnoreCase(Absl(text), Absl(kUnit))) return std::nullopt;
  text.remove_prefix(kUnit.size());
  const auto first = TakeNumber(text, '-');
  const auto last = first ? TakeNumber(text, '/') : std::nullopt;
  if (!last || *last < *first || *last == UINT64_MAX) return std::nullopt;
  if (text == "*") return ContentRange{*first, *last, std::nullopt};
  const auto total = TakeNumber(text, '\0');
  if (!total || *total <= *last) return std::nullopt;
  return ContentRange{*first, *last, total};
}

bool ResponseParser::TakeLine(std::string_view line) {
  if (line.starts_with("HTTP/")) *this = ResponseParser();
  bytes_ += line.size();
  if (bytes_ > kMaxHeaderBytes) return false;
  const size_t colon = line.find(':');
  if (colon == std::string_view::npos) return true;
  const absl::string_view name = Absl(line.substr(0, colon));
  const std::string_view value = Trim(line.substr(colon + 1));
  // Some of it is sent back.
  if (std::ranges::any_of(value, [](char c) { return absl::ascii_iscntrl(AsByte(c)); }))
    return true;
  if (absl::EqualsIgnoreCase(name, "content-range")) content_range_ = ParseContentRange(value);
  if (absl::EqualsIgnoreCase(name, "content-encoding")) content_encoding_ = value;
  if (absl::EqualsIgnoreCase(name, "last-modified")) last_modified_ = value;
  if (absl::EqualsIgnoreCase(name, "etag") && value.starts_with('"')) etag_ = value;
  return true;
}

}  // namespace matic::http
