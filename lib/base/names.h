// What the values of an enumeration are called in files, settings and messages: one table, read in
// both directions.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string_view>
#include <type_traits>
#include <utility>

namespace matic {

template <typename Enum, size_t N>
using Names = std::array<std::pair<Enum, std::string_view>, N>;

// Empty for a value that the table does not have.
template <typename Enum, size_t N>
constexpr std::string_view NameIn(const Names<Enum, N>& names, std::type_identity_t<Enum> value) {
  for (const auto& [known, name] : names) {
    if (known == value) return name;
  }
  return {};
}

template <typename Enum, size_t N>
constexpr std::optional<Enum> ValueIn(const Names<Enum, N>& names, std::string_view wanted) {
  for (const auto& [value, name] : names) {
    if (name == wanted) return value;
  }
  return std::nullopt;
}

}  // namespace matic
