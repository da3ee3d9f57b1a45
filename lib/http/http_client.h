// Content fetched over HTTP(S), as a stream that can be taken up again where it broke.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>

#include "lib/base/result.h"

namespace matic::http {

// What requests that name the same one leave open for the next: a connection to their server. For
// one thread at a time.
class Connection {
 public:
  // A client's own, made by its first request.
  std::shared_ptr<void>& handle() { return handle_; }

 private:
  std::shared_ptr<void> handle_;
};

struct Request {
  std::string url;
  // The first byte wanted. Above 0 a Range is asked for; the server may still answer from 0.
  uint64_t offset = 0;
  // ResponseHead::validator of the answer that is being continued. The server then continues only
  // the very same content, and sends a changed one from its start.
  std::string validator = {};
  // The whole content, counted from its byte 0, may not be larger.
  uint64_t max_bytes = 0;
  // Above 0: only so many bytes are wanted, and no other answer is taken than a part that begins at
  // `offset`, of as many bytes or up to the content's end.
  uint64_t length = 0;
  // For the whole answer, redirects included. 0: for as long as it goes on arriving.
  std::chrono::milliseconds deadline{0};
  // Takes an answer of any status, where the question is how a server does.
  bool any_status = false;
  Connection* connection = nullptr;  // null: one of its own
};

struct ResponseHead {
  int status = 0;       // 200, or 206 where the range was honoured; or any, as asked for
  std::string url;      // who answered, after redirects
  uint64_t offset = 0;  // where in the content the body starts: Request::offset, or 0
  std::optional<uint64_t> total_bytes;  // of the whole content; unknown for some servers
  std::string validator;                // a strong ETag, else Last-Modified, else empty
};

// Takes an answer while it arrives. An error returned here ends the transfer and is what Get
// returns.
class BodySink {
 public:
  virtual ~BodySink() = default;
  // Once, before the first byte. Only for 200 and 206, unless Request::any_status.
  virtual Result<> Begin(const ResponseHead& head) = 0;
  // May block; a sink that does must watch the stop token itself.
  virtual Result<> Write(std::span<const uint8_t> bytes) = 0;
};

class HttpClient {
 public:
  virtual ~HttpClient() = default;

  // Returns when the body is complete. What the sink took before an error is right, so that the
  // rest can be asked for. Every error names the URL (without credentials and query) and the cause:
  //   kNotFound         404, 410
  //   kRefused          other 4xx, also of a proxy; a redirect to a scheme that is not allowed; the
  //                     server does not take the client's certificate; it answers with all of the
  //                     content where a part was asked for
  //   kInvalidArgument  not a URL, a scheme that is not allowed; a CA file, certificate or secret
  //                     that cannot be used; content larger than max_bytes
  //   kUnavailable      worth another try: 5xx, 408, 429, no connection, a timeout, a reset, a body
  //                     shorter than announced
  //   kPermission       the server's certificate is not trusted
  //   kCorrupt          an answer that contradicts the request (another range; 416)
  //   kCancelled        stopped
  virtual Result<ResponseHead> Get(const Request& request, BodySink& sink,
                                   std::stop_token stop) = 0;
};

}  // namespace matic::http
