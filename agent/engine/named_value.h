// A value that is kept by its name.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "lib/base/names.h"

namespace matic::engine {

// Throws like the library does, and is caught where the library's exceptions are.
template <typename Enum, size_t N>
Enum NamedValue(const Names<Enum, N>& names, const std::string& name) {
  if (const auto value = ValueIn(names, name)) return *value;
  throw nlohmann::json::other_error::create(501, "unknown value '" + name + "'", nullptr);
}

}  // namespace matic::engine
