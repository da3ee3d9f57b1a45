#include "lib/os/os_release.h"

#include <algorithm>
#include <optional>

#include "lib/os/durable_file.h"

namespace matic {
namespace {

constexpr size_t kLargestFile = 64 * 1024;
constexpr std::string_view kSpace = " \t\r";

bool IsName(std::string_view name) {
  return !name.empty() && std::ranges::all_of(name, [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
  });
}

std::string_view Trim(std::string_view text) {
  const size_t first = text.find_first_not_of(kSpace);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

// A shell word: bare, 'single' or "double" quoted, backslash escapes outside single quotes.
std::optional<std::string> Unquote(std::string_view text) {
  std::string value;
  char quote = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '\\' && quote != '\'') {
      if (++i == text.size()) return std::nullopt;
      // Within double quotes the shell keeps the backslash before all but these.
      if (quote == '"' && std::string_view("\"\\$`").find(text[i]) == std::string_view::npos) {
        value += '\\';
      }
      value += text[i];
    } else if (quote == 0 && (c == '"' || c == '\'')) {
      quote = c;
    } else if (c == quote) {
      quote = 0;
    } else if (quote == 0 && kSpace.find(c) != std::string_view::npos) {
      return std::nullopt;
    } else {
      value += c;
    }
  }
  if (quote != 0) return std::nullopt;
  return value;
}

}  // namespace

OsRelease ParseOsRelease(std::string_view text) {
  OsRelease release;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = Trim(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    const size_t equals = line.find('=');
    if (line.starts_with('#') || equals == std::string_view::npos) continue;
    const std::string_view name = line.substr(0, equals);
    if (!IsName(name)) continue;
    if (std::optional<std::string> value = Unquote(line.substr(equals + 1))) {
      release.insert_or_assign(std::string(name), std::move(*value));
    }
  }
  return release;
}

Result<OsRelease> ReadOsRelease(const std::filesystem::path& path) {
  MATIC_ASSIGN(const std::string text, ReadFile(path, kLargestFile));
  return ParseOsRelease(text);
}

std::string Lookup(const OsRelease& release, std::string_view name) {
  const auto it = release.find(name);
  return it == release.end() ? std::string() : it->second;
}

}  // namespace matic
