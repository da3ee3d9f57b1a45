// Who a URL is asked of.
#pragma once

#include <string>

#include "lib/base/result.h"

namespace matic::http {

struct Origin {
  std::string scheme;  // "https", in lower case
  std::string host;    // in lower case; an IPv6 address in brackets, IPv4 as "127.0.0.1"
  std::string port;    // "443" where the URL names none

  bool operator==(const Origin&) const = default;
};

// As libcurl reads the URL, so that nothing is sent to somebody else than was looked at.
// Written as a URL again, it is the same origin. kInvalidArgument where it is none.
Result<Origin> OriginOf(const std::string& url);

}  // namespace matic::http
