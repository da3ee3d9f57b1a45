// What an operating system says of itself (os-release(5)).
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <string_view>

#include "lib/base/result.h"

namespace matic {

// "IMAGE_VERSION" → "2.0".
using OsRelease = std::map<std::string, std::string, std::less<>>;

// Takes the quoting of os-release(5). Lines it does not understand are left out, as the format asks
// of its readers; of two assignments to one name the last counts.
OsRelease ParseOsRelease(std::string_view text);

Result<OsRelease> ReadOsRelease(const std::filesystem::path& path = "/etc/os-release");

// The value of `name`, or "".
std::string Lookup(const OsRelease& release, std::string_view name);

}  // namespace matic
