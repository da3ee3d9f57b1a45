// One request and its answer, without following redirects.
#pragma once

#include <curl/curl.h>

#include <memory>
#include <optional>
#include <string>

#include "lib/http/credentials.h"
#include "lib/http/rate_limiter.h"
#include "lib/http/reach.h"
#include "lib/http/response_parser.h"

namespace matic::http {

class CurlSettings;

// What all transfers of a request share.
struct TransferContext {
  const CurlOptions& options;
  const Credentials& credentials;
  RateLimiter& limiter;
  const PostRequest* post;  // null: a Get
  // Of the server that was named itself. A redirect may not lead to an address further down. None
  // where that is no matter, or not known yet.
  std::optional<Reach> named = {};
};

class CurlTransfer {
 public:
  // Keeps references; they outlive the transfer. `time_left` of 0 is no limit.
  CurlTransfer(const TransferContext& context, const Request& request, const std::string& url,
               std::chrono::milliseconds time_left, BodySink& sink);
  ~CurlTransfer();
  CurlTransfer(const CurlTransfer&) = delete;
  CurlTransfer& operator=(const CurlTransfer&) = delete;

  // The answer's head, or where it was a redirect of a Get, an empty one and `redirect` set.
  Result<ResponseHead> Run(std::stop_token stop, std::string* redirect);
  // Of who was asked: kWorld behind a proxy, whoever that is. Nothing before there is a connection.
  std::optional<Reach> reach() const { return reach_; }

 private:
  static size_t OnHeader(char* data, size_t size, size_t count, void* self);
  static int OnConnected(void* self, char* peer, char* local, int peer_port, int local_port);
  static size_t OnBody(char* data, size_t size, size_t count, void* self);

  Result<> Configure();
  void AskFor(CurlSettings& settings);
  void Send(CurlSettings& settings, const PostRequest& post);
  bool IsRedirect(long status) const;
  // Goes on after a pause that is over; how long to wait for the next event.
  Result<std::chrono::milliseconds> Pace();
  Result<CURLcode> Drive(std::stop_token stop);
  Error TransportError(CURLcode code) const;
  Result<> EnsureBegun();
  Result<ResponseHead> ReadHead();
  Result<> TakeBody(std::span<const uint8_t> bytes);
  Result<> CheckRange(const ContentRange& range) const;
  Result<> CheckComplete() const;
  Error Fault(ErrorCode code, const std::string& what) const;

  const CurlOptions& options_;
  const Credentials& credentials_;
  RateLimiter& limiter_;
  const Request& request_;
  const PostRequest* const post_;
  const std::optional<Reach> named_;
  const std::chrono::milliseconds time_left_;
  const std::string& url_;
  const std::string proxy_;  // empty: the server is asked directly
  BodySink& sink_;

  const std::shared_ptr<CURLM> multi_;  // holds the connection
  CURL* easy_ = nullptr;
  curl_slist* headers_ = nullptr;
  char error_text_[CURL_ERROR_SIZE] = {};

  ResponseParser parser_;
  std::optional<ResponseHead> head_;
  uint64_t body_bytes_ = 0;
  std::optional<Reach> reach_;
  bool paused_ = false;
  std::optional<Error> failure_;  // what a callback ended the transfer with
};

}  // namespace matic::http
