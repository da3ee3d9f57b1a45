// Where in a text a value stands. Inside this folder only.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "lib/settings/value.h"

namespace matic::settings {

struct Extent {
  size_t begin = 0;  // bytes
  size_t end = 0;    // behind the last one
};

// Nothing where that cannot be told: of a text over several lines, of an empty value.
std::optional<Extent> ExtentOf(const std::string& text, const Value& value);

// Behind the last line of a section's last entry, its line break included if it has one. Nothing
// where that cannot be told, or where the section is written in braces.
std::optional<size_t> EndOfSection(const std::string& text, const Value& section);

bool IsInBraces(const std::string& text, const Value& value);

// Spaces before the first entry of a section.
size_t IndentOf(const std::string& text, const Value& value);

}  // namespace matic::settings
