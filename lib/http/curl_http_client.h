// HttpClient on libcurl.
#pragma once

#include <chrono>
#include <string>

#include "lib/http/http_client.h"

namespace matic::http {

struct CurlOptions {
  std::string ca_file;                       // PEM; empty: the system's
  bool allow_http = true;                    // false: https only, also behind redirects
  std::chrono::seconds connect_timeout{30};  // name, TCP and TLS together
  // An answer slower than 1 KiB/s for this long is given up.
  std::chrono::seconds low_speed_time{60};
  int max_redirects = 5;
};

// Thread-safe: each Get has a connection of its own. A redirect may go from http to https, never
// back.
class CurlHttpClient final : public HttpClient {
 public:
  explicit CurlHttpClient(CurlOptions options);
  Result<ResponseHead> Get(const Request& request, BodySink& sink, std::stop_token stop) override;

 private:
  CurlOptions options_;
};

}  // namespace matic::http
