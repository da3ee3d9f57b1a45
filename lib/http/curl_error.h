// What libcurl's codes and HTTP's statuses mean to a caller.
#pragma once

#include <curl/curl.h>

#include <string>
#include <string_view>

#include "lib/base/error.h"

namespace matic::http {

ErrorCode CodeOfTransport(CURLcode code);

// Whether the server did not take the certificate that we showed, or missed one. `cause` is
// OpenSSL's: libcurl has a code of its own only where the handshake itself fails.
bool IsAboutOurCertificate(CURLcode code, std::string_view cause);

// The proxy answered `status`, 400 or above, when asked for a way to the server of `url`.
Error ProxyError(const std::string& url, int status);

// "`url`: HTTP 404 Not Found" with the code that HttpClient promises. `status` is neither 200 nor
// 206.
Error StatusError(const std::string& url, int status);

}  // namespace matic::http
