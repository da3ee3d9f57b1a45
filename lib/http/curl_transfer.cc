#include "lib/http/curl_transfer.h"

#include <algorithm>

#include "lib/http/curl_error.h"
#include "lib/http/url.h"

namespace matic::http {
namespace {

constexpr long kLowSpeedBytes = 1024;
constexpr long kReadBuffer = 256 * 1024;
constexpr int kPollMilliseconds = 1000;
constexpr std::chrono::milliseconds kLongestTime = std::chrono::hours(24);

bool IsRedirect(int status) {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

}  // namespace

CurlTransfer::CurlTransfer(const CurlOptions& options, const Request& request,
                           const std::string& url, std::chrono::milliseconds time_left,
                           BodySink& sink)
    : options_(options),
      request_(request),
      time_left_(time_left),
      url_(url),
      sink_(sink),
      multi_(curl_multi_init()),
      easy_(curl_easy_init()) {}

CurlTransfer::~CurlTransfer() {
  if (multi_ != nullptr && easy_ != nullptr) curl_multi_remove_handle(multi_, easy_);
  curl_easy_cleanup(easy_);
  curl_multi_cleanup(multi_);
  curl_slist_free_all(headers_);
}

Error CurlTransfer::Fault(ErrorCode code, const std::string& what) const {
  return Error{code, PublicUrl(url_) + ": " + what};
}

Result<> CurlTransfer::Configure() {
  if (multi_ == nullptr || easy_ == nullptr) {
    return Fail(Fault(ErrorCode::kInternal, "libcurl gave no handle"));
  }
  CURLcode first_error = CURLE_OK;
  const auto set = [&](CURLoption option, auto value) {
    const CURLcode code = curl_easy_setopt(easy_, option, value);
    if (first_error == CURLE_OK) first_error = code;
  };
  set(CURLOPT_URL, url_.c_str());
  set(CURLOPT_PROTOCOLS_STR, options_.allow_http ? "http,https" : "https");
  set(CURLOPT_FOLLOWLOCATION, 0L);
  set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  set(CURLOPT_USERAGENT, "matic/" MATIC_VERSION);
  set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  set(CURLOPT_SSL_VERIFYPEER, 1L);
  set(CURLOPT_SSL_VERIFYHOST, 2L);
  if (!options_.ca_file.empty()) {
    set(CURLOPT_CAINFO, options_.ca_file.c_str());
    set(CURLOPT_CAPATH, static_cast<const char*>(nullptr));
  }
  set(CURLOPT_CONNECTTIMEOUT, static_cast<long>(options_.connect_timeout.count()));
  set(CURLOPT_LOW_SPEED_LIMIT, kLowSpeedBytes);
  set(CURLOPT_LOW_SPEED_TIME, static_cast<long>(options_.low_speed_time.count()));
  if (time_left_.count() > 0) {
    set(CURLOPT_TIMEOUT_MS, static_cast<long>(std::min(time_left_, kLongestTime).count()));
  }
  set(CURLOPT_BUFFERSIZE, kReadBuffer);
  set(CURLOPT_NOSIGNAL, 1L);
  // Without it a stop waits for the resolver's thread, which may take its own time-out.
  set(CURLOPT_QUICK_EXIT, 1L);
  set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  set(CURLOPT_ERRORBUFFER, error_text_);
  set(CURLOPT_HEADERFUNCTION, &CurlTransfer::OnHeader);
  set(CURLOPT_HEADERDATA, static_cast<void*>(this));
  set(CURLOPT_WRITEFUNCTION, &CurlTransfer::OnBody);
  set(CURLOPT_WRITEDATA, static_cast<void*>(this));
  if (request_.offset > 0) {
    // Not CURLOPT_RESUME_FROM: that fails where the server answers from the start, which is of use.
    set(CURLOPT_RANGE, (std::to_string(request_.offset) + "-").c_str());
    if (!request_.validator.empty()) {
      headers_ = curl_slist_append(nullptr, ("If-Range: " + request_.validator).c_str());
      set(CURLOPT_HTTPHEADER, headers_);
    }
  }
  if (first_error != CURLE_OK) return Fail(TransportError(first_error));
  return {};
}

Result<ResponseHead> CurlTransfer::Run(std::stop_token stop, std::string* redirect) {
  MATIC_TRY(Configure());
  MATIC_ASSIGN(const CURLcode code, Drive(stop));
  if (stop.stop_requested()) return Fail(Fault(ErrorCode::kCancelled, "stopped"));
  if (failure_) return Fail(*failure_);

  long status = 0;
  curl_easy_getinfo(easy_, CURLINFO_RESPONSE_CODE, &status);
  char* target = nullptr;
  if (IsRedirect(static_cast<int>(status)) &&
      curl_easy_getinfo(easy_, CURLINFO_REDIRECT_URL, &target) == CURLE_OK && target != nullptr) {
    *redirect = target;
    return ResponseHead();
  }
  if (code != CURLE_OK) return Fail(TransportError(code));
  MATIC_TRY(EnsureBegun());
  MATIC_TRY(CheckComplete());
  return *head_;
}

// Stops curl where it waits, so that a stop does not depend on the peer. curl's own easy interface
// looks up once a second only.
Result<CURLcode> CurlTransfer::Drive(std::stop_token stop) {
  const auto multi_fault = [&](CURLMcode code) {
    return Fault(ErrorCode::kInternal, std::string("libcurl: ") + curl_multi_strerror(code));
  };
  CURLMcode code = curl_multi_add_handle(multi_, easy_);
  if (code != CURLM_OK) return Fail(multi_fault(code));
  const std::stop_callback wake(stop, [this] { curl_multi_wakeup(multi_); });
  for (int running = 1; !stop.stop_requested();) {
    code = curl_multi_perform(multi_, &running);
    if (code != CURLM_OK) return Fail(multi_fault(code));
    if (running == 0) {
      int left = 0;
      const CURLMsg* message = curl_multi_info_read(multi_, &left);
      if (message == nullptr) return Fail(Fault(ErrorCode::kInternal, "libcurl lost a transfer"));
      return message->data.result;
    }
    code = curl_multi_poll(multi_, nullptr, 0, kPollMilliseconds, nullptr);
    if (code != CURLM_OK) return Fail(multi_fault(code));
  }
  return CURLE_ABORTED_BY_CALLBACK;
}

Error CurlTransfer::TransportError(CURLcode code) const {
  std::string cause = error_text_[0] != '\0' ? error_text_ : curl_easy_strerror(code);
  if (code == CURLE_PEER_FAILED_VERIFICATION) {
    // "SSL certificate problem: self-signed certificate" → "certificate verify failed: self-…".
    constexpr std::string_view kPrefix = "SSL certificate problem: ";
    if (cause.starts_with(kPrefix)) cause.erase(0, kPrefix.size());
    cause = "certificate verify failed: " + cause;
  }
  if (code == CURLE_OPERATION_TIMEDOUT && head_) {
    cause = "stalled: " + cause;
  }
  return Fault(CodeOfTransport(code), cause);
}

size_t CurlTransfer::OnHeader(char* data, size_t size, size_t count, void* self) {
  auto& transfer = *static_cast<CurlTransfer*>(self);
  if (transfer.head_) return size * count;  // a trailer
  if (transfer.parser_.TakeLine({data, size * count})) return size * count;
  transfer.failure_ = transfer.Fault(ErrorCode::kCorrupt, "the answer's header is too large");
  return 0;
}

size_t CurlTransfer::OnBody(char* data, size_t size, size_t count, void* self) {
  auto& transfer = *static_cast<CurlTransfer*>(self);
  auto taken = transfer.TakeBody({reinterpret_cast<const uint8_t*>(data), size * count});
  if (taken) return size * count;
  transfer.failure_ = std::move(taken).error();
  return 0;
}

Result<ResponseHead> CurlTransfer::ReadHead() {
  long status = 0;
  curl_easy_getinfo(easy_, CURLINFO_RESPONSE_CODE, &status);
  ResponseHead head;
  head.status = static_cast<int>(status);
  head.url = PublicUrl(url_);
  if (status != 200 && status != 206 && !request_.any_status)
    return Fail(StatusError(PublicUrl(url_), head.status));
  if (!parser_.content_encoding().empty() && parser_.content_encoding() != "identity") {
    return Fail(Fault(ErrorCode::kCorrupt,
                      "sent content-encoding " + parser_.content_encoding() + ", unasked"));
  }
  head.validator = parser_.Validator();
  curl_off_t length = -1;
  curl_easy_getinfo(easy_, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
  if (status != 206) {
    if (length >= 0) head.total_bytes = static_cast<uint64_t>(length);
    return head;
  }
  const auto& range = parser_.content_range();
  if (!range || range->first != request_.offset) {
    const std::string got =
        range ? "bytes from " + std::to_string(range->first) : "no single range";
    return Fail(Fault(
        ErrorCode::kCorrupt,
        "asked for the bytes from " + std::to_string(request_.offset) + ", answered with " + got));
  }
  head.offset = range->first;
  head.total_bytes = range->total;
  return head;
}

Result<> CurlTransfer::EnsureBegun() {
  if (head_) return {};
  MATIC_ASSIGN(ResponseHead head, ReadHead());
  if (head.total_bytes && *head.total_bytes > request_.max_bytes) {
    return Fail(Fault(ErrorCode::kInvalidArgument,
                      "is " + std::to_string(*head.total_bytes) + " bytes, more than the " +
                          std::to_string(request_.max_bytes) + " that fit"));
  }
  MATIC_TRY(sink_.Begin(head));
  head_ = std::move(head);
  return {};
}

Result<> CurlTransfer::TakeBody(std::span<const uint8_t> bytes) {
  long status = 0;
  curl_easy_getinfo(easy_, CURLINFO_RESPONSE_CODE, &status);
  if (IsRedirect(static_cast<int>(status))) {
    // What a redirect says to people is of no use, but it has to end.
    body_bytes_ += bytes.size();
    if (body_bytes_ <= 64 * 1024) return {};
    return Fail(Fault(ErrorCode::kCorrupt, "sent a redirect with an endless body"));
  }
  MATIC_TRY(EnsureBegun());
  if (bytes.size() >
      request_.max_bytes - std::min(head_->offset + body_bytes_, request_.max_bytes)) {
    return Fail(
        Fault(ErrorCode::kInvalidArgument,
              "sends more than the " + std::to_string(request_.max_bytes) + " bytes that fit"));
  }
  MATIC_TRY(sink_.Write(bytes));
  body_bytes_ += bytes.size();
  return {};
}

Result<> CurlTransfer::CheckComplete() const {
  const uint64_t end = head_->offset + body_bytes_;
  if (!head_->total_bytes || *head_->total_bytes == end) return {};
  return Fail(Fault(ErrorCode::kUnavailable, "ended after " + std::to_string(end) + " of " +
                                                 std::to_string(*head_->total_bytes) + " bytes"));
}

}  // namespace matic::http
