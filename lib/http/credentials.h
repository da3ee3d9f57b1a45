// What a request carries to show who asks, read anew for each. Inside this folder only.
#pragma once

#include <string>
#include <vector>

#include "lib/http/curl_http_client.h"

namespace matic::http {

struct Credentials {
  std::string client_key;  // PEM
  std::string proxy_user;
  std::string proxy_password;
  std::vector<std::string> headers;  // "Name: value", for the server of the request's URL alone
};

// Everything wrong with a secret is kInvalidArgument, so that it is taken for no answer of a
// server; no error quotes one.
Result<Credentials> ReadCredentials(const CurlOptions& options, const std::string& url);

}  // namespace matic::http
