// URLs that may be posted to, and what of them may be told to others.
#pragma once

#include <string>

#include "lib/base/result.h"

namespace matic::notify {

struct WebUrl {
  std::string origin;  // "https://hooks.example.com:8443": all that errors and logs may show
  std::string secret;  // path and query, which carry tokens; empty for "/"
};

// https, and http to this machine itself (127.0.0.0/8, ::1, localhost): a token must not travel in
// the clear. Everything else is kInvalidArgument, and the error does not quote it.
Result<WebUrl> ParseWebUrl(const std::string& url);

// `text` as one segment of a path.
std::string EscapeSegment(const std::string& text);

}  // namespace matic::notify
