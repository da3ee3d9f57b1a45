#include "lib/http/curl_transfer.h"

#include <algorithm>

#include "lib/http/curl_error.h"
#include "lib/http/curl_settings.h"
#include "lib/http/no_proxy.h"
#include "lib/http/origin.h"
#include "lib/http/url.h"

namespace matic::http {
namespace {

constexpr long kReadBuffer = 256 * 1024;
constexpr std::chrono::milliseconds kPoll{1000};

// Of the request's connection, where it names one.
std::shared_ptr<CURLM> MultiOf(const Request& request) {
  const auto make = [] { return std::shared_ptr<CURLM>(curl_multi_init(), curl_multi_cleanup); };
  if (request.connection == nullptr) return make();
  std::shared_ptr<void>& handle = request.connection->handle();
  if (handle == nullptr) handle = make();
  return std::static_pointer_cast<CURLM>(handle);
}

std::string ProxyFor(const std::string& url, const CurlOptions& options) {
  if (options.proxy.empty()) return "";
  const Result<Origin> origin = OriginOf(url);
  return origin && IsAskedDirectly(origin->host, options.no_proxy) ? "" : options.proxy;
}

std::string RangeOf(const Request& request) {
  const std::string from = std::to_string(request.offset) + "-";
  return request.length == 0 ? from : from + std::to_string(request.offset + request.length - 1);
}

}  // namespace

CurlTransfer::CurlTransfer(const TransferContext& context, const Request& request,
                           const std::string& url, std::chrono::milliseconds time_left,
                           BodySink& sink)
    : options_(context.options),
      credentials_(context.credentials),
      limiter_(context.limiter),
      request_(request),
      post_(context.post),
      named_(context.named),
      time_left_(time_left),
      url_(url),
      proxy_(ProxyFor(url, context.options)),
      sink_(sink),
      multi_(MultiOf(request)),
      easy_(curl_easy_init()) {}

CurlTransfer::~CurlTransfer() {
  if (multi_ != nullptr && easy_ != nullptr) curl_multi_remove_handle(multi_.get(), easy_);
  curl_easy_cleanup(easy_);
  curl_slist_free_all(headers_);
}

// One that is followed.
bool CurlTransfer::IsRedirect(long status) const {
  if (post_ != nullptr) return false;
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

Error CurlTransfer::Fault(ErrorCode code, const std::string& what) const {
  return Error{code, PublicUrl(url_) + ": " + what};
}

Result<> CurlTransfer::Configure() {
  if (multi_ == nullptr || easy_ == nullptr) {
    return Fail(Fault(ErrorCode::kInternal, "libcurl gave no handle"));
  }
  CurlSettings settings(easy_);
  settings.Set(CURLOPT_URL, url_.c_str());
  settings.Set(CURLOPT_PROTOCOLS_STR, options_.allow_http ? "http,https" : "https");
  settings.Set(CURLOPT_FOLLOWLOCATION, 0L);
  settings.Set(CURLOPT_HTTP_VERSION,
               static_cast<long>(request_.connection == nullptr ? CURL_HTTP_VERSION_1_1
                                                                : CURL_HTTP_VERSION_2TLS));
  settings.Set(CURLOPT_USERAGENT, "matic/" MATIC_VERSION);
  settings.SetTls(options_, credentials_);
  settings.SetProxy(proxy_, credentials_);
  settings.SetTimes(options_, time_left_);
  settings.Set(CURLOPT_BUFFERSIZE, kReadBuffer);
  settings.Set(CURLOPT_NOSIGNAL, 1L);
  // Without it a stop waits for the resolver's thread, which may take its own time-out.
  settings.Set(CURLOPT_QUICK_EXIT, 1L);
  settings.Set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  settings.Set(CURLOPT_ERRORBUFFER, error_text_);
  settings.Set(CURLOPT_PREREQFUNCTION, &CurlTransfer::OnConnected);
  settings.Set(CURLOPT_PREREQDATA, static_cast<void*>(this));
  settings.Set(CURLOPT_HEADERFUNCTION, &CurlTransfer::OnHeader);
  settings.Set(CURLOPT_HEADERDATA, static_cast<void*>(this));
  settings.Set(CURLOPT_WRITEFUNCTION, &CurlTransfer::OnBody);
  settings.Set(CURLOPT_WRITEDATA, static_cast<void*>(this));
  AskFor(settings);
  if (settings.error() != CURLE_OK) return Fail(TransportError(settings.error()));
  return {};
}

void CurlTransfer::AskFor(CurlSettings& settings) {
  if (request_.offset > 0 || request_.length > 0) {
    // Not CURLOPT_RESUME_FROM: that fails where the server answers from the start, which is of use.
    settings.Set(CURLOPT_RANGE, RangeOf(request_).c_str());
    if (!request_.validator.empty()) {
      headers_ = curl_slist_append(headers_, ("If-Range: " + request_.validator).c_str());
    }
  }
  for (const std::string& header : credentials_.headers) {
    headers_ = curl_slist_append(headers_, header.c_str());
  }
  if (post_ != nullptr) Send(settings, *post_);
  if (headers_ != nullptr) settings.Set(CURLOPT_HTTPHEADER, headers_);
}

void CurlTransfer::Send(CurlSettings& settings, const PostRequest& post) {
  settings.Set(CURLOPT_POST, 1L);
  settings.Set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(post.body.size()));
  settings.Set(CURLOPT_POSTFIELDS, post.body.c_str());
  for (const std::string& header : post.headers) {
    headers_ = curl_slist_append(headers_, header.c_str());
  }
  headers_ = curl_slist_append(headers_, "Expect:");  // no pause before a small body
}

Result<ResponseHead> CurlTransfer::Run(std::stop_token stop, std::string* redirect) {
  MATIC_TRY(Configure());
  MATIC_ASSIGN(const CURLcode code, Drive(stop));
  if (stop.stop_requested()) return Fail(Fault(ErrorCode::kCancelled, "stopped"));
  if (failure_) return Fail(*failure_);

  long status = 0;
  curl_easy_getinfo(easy_, CURLINFO_RESPONSE_CODE, &status);
  char* target = nullptr;
  if (IsRedirect(status) && curl_easy_getinfo(easy_, CURLINFO_REDIRECT_URL, &target) == CURLE_OK &&
      target != nullptr) {
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
  CURLMcode code = curl_multi_add_handle(multi_.get(), easy_);
  if (code != CURLM_OK) return Fail(multi_fault(code));
  const std::stop_callback wake(stop, [this] { curl_multi_wakeup(multi_.get()); });
  for (int running = 1; !stop.stop_requested();) {
    code = curl_multi_perform(multi_.get(), &running);
    if (code != CURLM_OK) return Fail(multi_fault(code));
    if (running == 0) {
      int left = 0;
      const CURLMsg* message = curl_multi_info_read(multi_.get(), &left);
      if (message == nullptr) return Fail(Fault(ErrorCode::kInternal, "libcurl lost a transfer"));
      return message->data.result;
    }
    MATIC_ASSIGN(const std::chrono::milliseconds wait, Pace());
    code = curl_multi_poll(multi_.get(), nullptr, 0, static_cast<int>(wait.count()), nullptr);
    if (code != CURLM_OK) return Fail(multi_fault(code));
  }
  return CURLE_ABORTED_BY_CALLBACK;
}

Result<std::chrono::milliseconds> CurlTransfer::Pace() {
  if (!paused_) return kPoll;
  const auto pause = limiter_.Pause(std::chrono::steady_clock::now());
  if (pause.count() > 0) {
    return std::min(std::chrono::ceil<std::chrono::milliseconds>(pause), kPoll);
  }
  paused_ = false;
  // Hands over what it held back, which may pause it again, or end it.
  const CURLcode code = curl_easy_pause(easy_, CURLPAUSE_CONT);
  if (code != CURLE_OK) return Fail(failure_ ? *failure_ : TransportError(code));
  return std::chrono::milliseconds(0);
}

Error CurlTransfer::TransportError(CURLcode code) const {
  long proxy_status = 0;
  curl_easy_getinfo(easy_, CURLINFO_HTTP_CONNECTCODE, &proxy_status);
  if (proxy_status >= 400) return ProxyError(PublicUrl(url_), static_cast<int>(proxy_status));
  std::string cause = error_text_[0] != '\0' ? error_text_ : curl_easy_strerror(code);
  if (IsAboutOurCertificate(code, cause)) {
    return Fault(ErrorCode::kRefused, (options_.client_certificate.empty()
                                           ? "the server asks for a client certificate (" +
                                                 options_.section + ".client_certificate): "
                                           : "the server does not take the client certificate: ") +
                                          cause);
  }
  if (code == CURLE_PEER_FAILED_VERIFICATION) {
    // "SSL certificate problem: self-signed certificate" → "certificate verify failed: self-…".
    constexpr std::string_view kPrefix = "SSL certificate problem: ";
    if (cause.starts_with(kPrefix)) cause.erase(0, kPrefix.size());
    cause = "certificate verify failed: " + cause;
  }
  // Of more than 100 KiB; libcurl has no code of its own for it.
  if (code == CURLE_OUT_OF_MEMORY && !head_) {
    return Fault(ErrorCode::kCorrupt, "a line of the answer's header is too large");
  }
  if (code == CURLE_SSL_CERTPROBLEM) cause = "client certificate: " + cause;
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

// Here and not where the name is looked up: this is the address, whatever names lead to it.
int CurlTransfer::OnConnected(void* self, char* peer, char* local, int, int) {
  auto& transfer = *static_cast<CurlTransfer*>(self);
  // Behind a proxy the proxy decides what may be reached, which tells nothing about our networks.
  transfer.reach_ = Reach::kWorld;
  if (transfer.proxy_.empty()) {
    // From an address to itself: one of this machine's, however public.
    transfer.reach_ = std::string_view(peer) == local ? Reach::kMachine : ReachOf(peer);
  }
  if (!transfer.named_ || transfer.options_.local_redirects ||
      *transfer.reach_ <= *transfer.named_) {
    return CURL_PREREQFUNC_OK;
  }
  transfer.failure_ = transfer.Fault(
      ErrorCode::kRefused, "a redirect from " + std::string(ReachName(*transfer.named_)) + " to " +
                               peer + ", which is " + std::string(ReachName(*transfer.reach_)) +
                               ", refused (" + transfer.options_.section + ".local_redirects)");
  return CURL_PREREQFUNC_ABORT;
}

size_t CurlTransfer::OnBody(char* data, size_t size, size_t count, void* self) {
  auto& transfer = *static_cast<CurlTransfer*>(self);
  const auto now = std::chrono::steady_clock::now();
  if (transfer.limiter_.Pause(now).count() > 0) {
    transfer.paused_ = true;
    return CURL_WRITEFUNC_PAUSE;  // the same bytes come again
  }
  transfer.limiter_.Take(size * count, now);
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
    if (request_.length > 0 && !request_.any_status) {
      return Fail(Fault(ErrorCode::kRefused, "was asked for a part and answers with all of it"));
    }
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
  MATIC_TRY(CheckRange(*range));
  head.offset = range->first;
  head.total_bytes = range->total;
  return head;
}

// Shorter than asked for only where the content ends.
Result<> CurlTransfer::CheckRange(const ContentRange& range) const {
  if (request_.length == 0) return {};
  const uint64_t wanted = request_.offset + request_.length - 1;
  if (range.last == wanted) return {};
  if (range.last < wanted && range.total && range.last + 1 == *range.total) return {};
  return Fail(Fault(ErrorCode::kCorrupt, "asked for the bytes up to " + std::to_string(wanted) +
                                             ", answered with those up to " +
                                             std::to_string(range.last)));
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
  if (IsRedirect(status)) {
    // What a redirect says to people is of no use, but it has to end.
    body_bytes_ += bytes.size();
    if (body_bytes_ <= 64 * 1024) return {};
    return Fail(Fault(ErrorCode::kCorrupt, "sent a redirect with an endless body"));
  }
  MATIC_TRY(EnsureBegun());
  if (request_.length > 0 && bytes.size() > request_.length - body_bytes_) {
    return Fail(Fault(ErrorCode::kCorrupt, "sends more than it was asked for"));
  }
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
  std::optional<uint64_t> wanted = head_->total_bytes;
  if (request_.length > 0) {
    const uint64_t last = request_.offset + request_.length;
    wanted = wanted ? std::min(*wanted, last) : last;
  }
  if (!wanted || *wanted == end) return {};
  return Fail(Fault(ErrorCode::kUnavailable, "ended after " + std::to_string(end) + " of " +
                                                 std::to_string(*wanted) + " bytes"));
}

}  // namespace matic::http
