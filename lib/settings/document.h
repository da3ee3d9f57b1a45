// One file of settings (YAML 1.2, as yaml-cpp reads it) as a tree of values.
#pragma once

#include <filesystem>
#include <string>

#include "lib/base/result.h"
#include "lib/settings/value.h"

namespace matic::settings {

struct Limits {
  size_t bytes = 1u << 20;
  size_t values = 10000;
};

// "FILE:LINE", or "FILE" where the line is 0, which is none.
std::string Place(const std::filesystem::path& file, size_t line);

// kNotFound where there is no such file. kInvalidArgument, told with file and line, for what is
// larger than the limits, is no UTF-8, or is not one YAML document without aliases.
Result<Value> ReadDocument(const std::filesystem::path& file, const Limits& limits = {});

// The same for a text that has been read from `file`.
Result<Value> ParseDocument(const std::filesystem::path& file, const std::string& text,
                            const Limits& limits = {});

}  // namespace matic::settings
