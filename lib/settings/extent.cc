#include "lib/settings/extent.h"

#include <algorithm>

namespace matic::settings {
namespace {

// Behind the quote that ends what begins with one at `at`.
std::optional<size_t> EndOfQuoted(const std::string& text, size_t at) {
  const char quote = text[at];
  for (size_t i = at + 1; i < text.size(); ++i) {
    if (quote == '"' && text[i] == '\\') {
      ++i;
    } else if (text[i] == quote) {
      if (quote == '"' || i + 1 == text.size() || text[i + 1] != quote) return i + 1;
      ++i;  // '' is a quote within quotes
    }
  }
  return std::nullopt;
}

size_t EndOfLine(const std::string& text, size_t at) {
  return std::min(text.find('\n', at), text.size());
}

bool IsBlank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

// Behind the bracket that ends what begins with one at `at`. A quote in the middle of a text is
// none.
std::optional<size_t> EndOfBrackets(const std::string& text, size_t at) {
  size_t depth = 0;
  bool item_begins = true;
  bool was_quoted = false;
  for (size_t i = at; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '#' && (item_begins || IsBlank(text[i - 1]))) {
      i = EndOfLine(text, i);
    } else if (IsBlank(c)) {
      item_begins = item_begins || text[i - 1] == ':';
    } else if (item_begins && c == '!') {
      i = std::min(text.find_first_of(" \t\r\n,]}", i), text.size()) - 1;  // a tag
    } else if (item_begins && (c == '"' || c == '\'')) {
      const auto end = EndOfQuoted(text, i);
      if (!end) return std::nullopt;
      i = *end - 1;
      item_begins = false;
      was_quoted = true;
    } else {
      if (c == '[' || c == '{') ++depth;
      if ((c == ']' || c == '}') && --depth == 0) return i + 1;
      item_begins = c == '[' || c == '{' || c == ',' || (c == ':' && was_quoted);
      was_quoted = false;
    }
  }
  return std::nullopt;
}

std::optional<size_t> EndOfText(const std::string& text, const Value& value) {
  const char first = text[value.offset];
  if (first == '"' || first == '\'') return EndOfQuoted(text, value.offset);
  if (text.compare(value.offset, value.text.size(), value.text) != 0) return std::nullopt;
  return value.offset + value.text.size();
}

std::optional<size_t> EndOf(const std::string& text, const Value& value);

// An entry without a value ends with its line.
std::optional<size_t> EndOfEntry(const std::string& text, const Entry& entry) {
  return entry.value.IsEmpty() ? EndOfLine(text, entry.key.offset) : EndOf(text, entry.value);
}

std::optional<size_t> EndOf(const std::string& text, const Value& value) {
  if (value.offset >= text.size() || value.IsEmpty()) return std::nullopt;
  if (value.IsText()) return EndOfText(text, value);
  if (IsInBraces(text, value)) return EndOfBrackets(text, value.offset);
  if (value.IsList()) {
    return value.items.empty() ? std::nullopt : EndOf(text, value.items.back());
  }
  return value.entries.empty() ? std::nullopt : EndOfEntry(text, value.entries.back());
}

}  // namespace

std::optional<Extent> ExtentOf(const std::string& text, const Value& value) {
  const auto end = EndOf(text, value);
  if (!end || *end <= value.offset) return std::nullopt;
  return Extent{value.offset, *end};
}

std::optional<size_t> EndOfSection(const std::string& text, const Value& section) {
  if (IsInBraces(text, section)) return std::nullopt;
  const auto end = EndOf(text, section);
  if (!end) return std::nullopt;
  return std::min(EndOfLine(text, *end) + 1, text.size());
}

bool IsInBraces(const std::string& text, const Value& value) {
  return value.offset < text.size() && (text[value.offset] == '{' || text[value.offset] == '[');
}

size_t IndentOf(const std::string& text, const Value& value) {
  const size_t line = text.rfind('\n', value.offset == 0 ? 0 : value.offset - 1);
  return value.offset - (line == std::string::npos || value.offset == 0 ? 0 : line + 1);
}

}  // namespace matic::settings
