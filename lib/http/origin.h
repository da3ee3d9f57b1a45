// Who a URL is asked of.
#pragma once

#include <string>

#include "lib/base/result.h"

namespace matic::http {

struct Origin {
  std::string scheme;  // "https", in lower case
  std::string host;    // in lower case; an IPv6 address in brackets
  std::string port;    // "443" where the URL names none

  bool operator==(const Origin&) const = default;
};

// As libcurl reads the URL, so that nothing is sent to somebody else than was looked at.
// kInvalidArgument where it is none.
Result<Origin> OriginOf(const std::string& url);

}  // namespace matic::http
