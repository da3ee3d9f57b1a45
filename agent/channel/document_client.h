// Signed documents from web servers and from files of this machine, such as those on a USB stick.
#pragma once

#include "lib/http/http_client.h"

namespace matic::channel {

// https and http go to `web`, which must outlive it. A file URL names a plain file, read whole and
// never beyond Request::max_bytes; its errors are those of ReadFile.
class DocumentClient final : public http::HttpClient {
 public:
  explicit DocumentClient(http::HttpClient& web) : web_(web) {}
  Result<http::ResponseHead> Get(const http::Request& request, http::BodySink& sink,
                                 std::stop_token stop) override;

 private:
  http::HttpClient& web_;
};

}  // namespace matic::channel
