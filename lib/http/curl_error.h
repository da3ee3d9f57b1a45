// What libcurl's codes and HTTP's statuses mean to a caller.
#pragma once

#include <curl/curl.h>

#include <string>

#include "lib/base/error.h"

namespace matic::http {

ErrorCode CodeOfTransport(CURLcode code);

// "`url`: HTTP 404 Not Found" with the code that HttpClient promises. `status` is neither 200 nor
// 206.
Error StatusError(const std::string& url, int status);

}  // namespace matic::http
