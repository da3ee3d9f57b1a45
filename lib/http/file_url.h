// The path that a file URL names.
#pragma once

#include <filesystem>
#include <string>

#include "lib/base/result.h"

namespace matic::http {

// "file:///a%20b" → "/a b" (RFC 8089). kInvalidArgument for another kind of URL, a host
// other than this one, a path that is not absolute, and one with a NUL in it.
Result<std::filesystem::path> FilePathOfUrl(const std::string& url);

}  // namespace matic::http
