// A web server's bad days, without a network.
#pragma once

#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "lib/http/http_client.h"

namespace matic::fakes {

// How one request goes wrong, on content that is otherwise served as HttpClient promises.
struct HttpMishap {
  std::optional<Error> fails = std::nullopt;  // at once, before an answer
  std::optional<uint64_t> cut_after =
      std::nullopt;            // bytes of this answer's body; then kUnavailable
  bool ignores_range = false;  // answers from byte 0
  bool wrong_range = false;    // kCorrupt, as a client says of another range than asked for
  bool hides_total = false;
  bool endless = false;       // the content is repeated until it is too large
  bool fails_at_end = false;  // kUnavailable once all of the body was sent
  bool stalls = false;        // after `cut_after` bytes, until stopped: kCancelled
};

// Thread-safe. Unknown URLs are kNotFound.
class FakeHttpClient final : public http::HttpClient {
 public:
  Result<http::ResponseHead> Get(const http::Request& request, http::BodySink& sink,
                                 std::stop_token stop) override;

  // From now on `url` is this. A content put later is another one: its validator differs.
  void Put(const std::string& url, std::vector<uint8_t> content);
  // An answer of another status than 200, for those who ask for any.
  void PutStatus(const std::string& url, int status, std::vector<uint8_t> content);
  // Of the requests to come, one each. What is not there does not arrive badly, either: that takes
  // none but those that fail at once.
  void AddMishap(HttpMishap mishap);

  std::vector<http::Request> requests() const;
  // Body bytes given to sinks, over all requests.
  uint64_t bytes_sent() const;

 private:
  struct Content {
    std::vector<uint8_t> bytes;
    std::string validator;
    int status = 200;
  };
  struct Plan {
    Content content;
    HttpMishap mishap;
  };
  Result<Plan> Begin(const http::Request& request);
  Result<> Send(const Plan& plan, const http::Request& request, const http::ResponseHead& head,
                http::BodySink& sink, std::stop_token stop);

  mutable std::mutex mutex_;
  std::map<std::string, Content> contents_;
  std::deque<HttpMishap> mishaps_;
  std::vector<http::Request> requests_;
  uint64_t bytes_sent_ = 0;
  int versions_ = 0;
};

}  // namespace matic::fakes
