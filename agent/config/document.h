// One configuration file as a tree of values. Inside this folder only, like fields.h.
#pragma once

#include <yaml-cpp/yaml.h>

#include <filesystem>
#include <string>

#include "lib/base/result.h"

namespace matic::config {

// "FILE:LINE", or "FILE" where no line is known.
std::string Place(const std::filesystem::path& file, const YAML::Mark& mark);

// kNotFound where there is no such file. kInvalidArgument, told with file and line, for what is
// larger than 1 MiB, is no UTF-8, or is not one YAML document without aliases and of at most 10,000
// values.
Result<YAML::Node> ReadDocument(const std::filesystem::path& file);

}  // namespace matic::config
