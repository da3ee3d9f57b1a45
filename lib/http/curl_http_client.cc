#include "lib/http/curl_http_client.h"

#include <algorithm>
#include <limits>
#include <optional>

#include "lib/http/credentials.h"
#include "lib/http/curl_transfer.h"
#include "lib/http/origin.h"
#include "lib/http/url.h"

namespace matic::http {
namespace {

Result<> CheckScheme(const std::string& url, const CurlOptions& options) {
  const std::string scheme = UrlScheme(url);
  if (scheme == "https" || (scheme == "http" && options.allow_http)) return {};
  if (scheme == "http") {
    return Fail(ErrorCode::kInvalidArgument, PublicUrl(url) + ": http is not allowed here (" +
                                                 options.section + ".allow_http), use https");
  }
  return Fail(ErrorCode::kInvalidArgument,
              PublicUrl(url) + ": not an http or https URL" +
                  (scheme.empty() ? "" : " (its scheme is \"" + scheme + "\")"));
}

Result<> CheckRedirect(const std::string& from, const std::string& to, const CurlOptions& options) {
  const bool downwards = UrlScheme(from) == "https" && UrlScheme(to) != "https";
  if (!downwards && CheckScheme(to, options)) return {};
  return Fail(ErrorCode::kRefused, PublicUrl(from) + ": redirects to " + PublicUrl(to) +
                                       ", refused: from " + UrlScheme(from) + " to " +
                                       UrlScheme(to) + " is no way to go");
}

// Whether both are asked of the same server. No where it cannot be told.
bool SameOrigin(const std::string& a, const std::string& b) {
  if (a == b) return true;
  const Result<Origin> from = OriginOf(a);
  const Result<Origin> to = OriginOf(b);
  return from && to && *from == *to;
}

// The status and the first bytes; ends a transfer that has more to say.
class FirstBytes final : public BodySink {
 public:
  explicit FirstBytes(size_t limit) : limit_(limit) {}

  Result<> Begin(const ResponseHead& head) override {
    answer_ = PostAnswer{.status = head.status, .body = {}};
    return {};
  }
  Result<> Write(std::span<const uint8_t> bytes) override {
    const size_t kept = std::min(bytes.size(), limit_ - answer_->body.size());
    answer_->body.append(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(kept));
    full_ = full_ || kept < bytes.size();
    if (!full_) return {};
    return Fail(ErrorCode::kInvalidArgument, "says more than is read");
  }

  bool full() const { return full_; }
  PostAnswer Take() && { return *std::move(answer_); }

 private:
  const size_t limit_;
  bool full_ = false;
  std::optional<PostAnswer> answer_;
};

}  // namespace

CurlHttpClient::CurlHttpClient(CurlOptions options)
    : options_(std::move(options)), limiter_(options_->rate) {
  // Initialised once for the process; libcurl counts, and is never torn down before exit.
  static const CURLcode initialised = curl_global_init(CURL_GLOBAL_DEFAULT);
  static_cast<void>(initialised);
}

Result<ResponseHead> CurlHttpClient::Get(const Request& request, BodySink& sink,
                                         std::stop_token stop) {
  const auto options = options_.Get();
  MATIC_TRY(CheckScheme(request.url, *options));
  MATIC_ASSIGN(Credentials credentials, ReadCredentials(*options, request.url));
  std::string url = request.url;
  const auto end = std::chrono::steady_clock::now() + request.deadline;
  std::optional<Reach> named;
  for (int hop = 0; hop <= options->max_redirects; ++hop) {
    std::string redirect;
    std::chrono::milliseconds left{0};
    if (request.deadline.count() > 0) {
      left = std::chrono::ceil<std::chrono::milliseconds>(end - std::chrono::steady_clock::now());
      if (left.count() <= 0) {
        return Fail(ErrorCode::kUnavailable, PublicUrl(url) + ": out of time after redirects");
      }
    }
    CurlTransfer transfer({*options, credentials, limiter_, nullptr, named}, request, url, left,
                          sink);
    MATIC_ASSIGN(ResponseHead head, transfer.Run(stop, &redirect));
    if (redirect.empty()) return head;
    MATIC_TRY(CheckRedirect(url, redirect, *options));
    if (hop == 0) named = transfer.reach().value_or(Reach::kWorld);
    // Not even where the way leads back: what is between has had its say.
    if (!SameOrigin(url, redirect)) credentials.headers.clear();
    url = std::move(redirect);
  }
  return Fail(ErrorCode::kRefused, PublicUrl(request.url) + ": more than " +
                                       std::to_string(options->max_redirects) + " redirects");
}

Result<PostAnswer> CurlHttpClient::Post(const PostRequest& request, std::stop_token stop) {
  const auto options = options_.Get();
  MATIC_TRY(CheckScheme(request.url, *options));
  MATIC_ASSIGN(const Credentials credentials, ReadCredentials(*options, request.url));
  const Request whole{
      .url = request.url, .max_bytes = std::numeric_limits<uint64_t>::max(), .any_status = true};
  FirstBytes answer(request.kept_bytes);
  CurlTransfer transfer({*options, credentials, limiter_, &request, std::nullopt}, whole,
                        request.url, request.deadline, answer);
  std::string redirect;
  const Result<ResponseHead> head = transfer.Run(std::move(stop), &redirect);
  if (!head && !answer.full()) return Fail(head.error());
  return std::move(answer).Take();
}

}  // namespace matic::http
