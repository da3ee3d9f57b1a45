// An image behind a URL, fetched however often the connection breaks.
#pragma once

#include <string>

#include "agent/transfer/image_source.h"

namespace matic::transfer {

// After a failure that may pass, the rest is asked for with a Range, under If-Range where the
// server gave a validator. A server that cannot do that, or whose content changed, is read from the
// start.
class HttpSource final : public ImageSource {
 public:
  HttpSource(std::string url, http::HttpClient& http, Clock& clock, http::RetryPolicy policy)
      : url_(std::move(url)), http_(http), clock_(clock), policy_(policy) {}
  Result<> Fetch(const FetchFrom& from, uint64_t max_bytes, ImageSink& sink,
                 std::stop_token stop) override;

 private:
  std::string url_;
  http::HttpClient& http_;
  Clock& clock_;
  http::RetryPolicy policy_;
};

}  // namespace matic::transfer
