#include "lib/trust/fetch.h"

#include <algorithm>
#include <atomic>
#include <functional>
#include <span>
#include <thread>
#include <utility>

#include "lib/http/url.h"
#include "lib/trust/url_reference.h"

namespace matic::trust {
namespace {

class TextSink final : public http::BodySink {
 public:
  Result<> Begin(const http::ResponseHead&) override { return {}; }
  Result<> Write(std::span<const uint8_t> bytes) override {
    content_.append(bytes.begin(), bytes.end());
    return {};
  }
  std::string Take() && { return std::move(content_); }

 private:
  std::string content_;
};

// Stops a transfer when its time is over, also one of which not a byte arrives.
class Watch {
 public:
  Watch(Clock& clock, BootTime until, std::stop_token stop)
      : forward_(std::move(stop), [this] { transfer_.request_stop(); }),
        waiter_([this, &clock, until](std::stop_token done) {
          if (!clock.Wait(until - clock.SinceBoot(), done)) return;
          expired_ = true;
          transfer_.request_stop();
        }) {}

  std::stop_token transfer() const { return transfer_.get_token(); }
  bool expired() const { return expired_; }

 private:
  std::stop_source transfer_;
  std::atomic<bool> expired_ = false;
  std::stop_callback<std::function<void()>> forward_;
  std::jthread waiter_;  // last: it ends before what it uses
};

std::string SignatureUrl(const std::string& url) {
  const size_t end = std::min(url.find_first_of("?#"), url.size());
  return url.substr(0, end) + ".sig" + url.substr(end);
}

}  // namespace

Result<std::string> DocumentFetcher::FetchFile(const std::string& url, size_t max_bytes,
                                               BootTime until, std::stop_token stop) {
  const std::string name = http::PublicUrl(url);
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(deadline_).count();
  if (clock_.SinceBoot() >= until) {
    return Fail(ErrorCode::kDeadline,
                name + ": what is before it took longer than " + std::to_string(seconds) + " s");
  }
  TextSink sink;
  Watch watch(clock_, until, std::move(stop));
  http::Request request;
  request.url = url;
  request.max_bytes = max_bytes;
  const auto head = client_.Get(request, sink, watch.transfer());
  if (head) return std::move(sink).Take();
  if (!watch.expired()) return Fail(head.error());
  return Fail(ErrorCode::kDeadline,
              name + ": it takes longer than " + std::to_string(seconds) + " s");
}

Result<FetchedDocument> DocumentFetcher::Fetch(const std::string& url, DocumentKind kind,
                                               std::stop_token stop) {
  const BootTime until = clock_.SinceBoot() + deadline_;
  FetchedDocument document;
  MATIC_ASSIGN(document.bytes, FetchFile(url, MaxDocumentBytes(kind), until, stop));
  auto signatures = FetchFile(SignatureUrl(url), kMaxSignatureFileBytes, until, stop);
  if (!signatures && signatures.error().code == ErrorCode::kNotFound) {
    return Fail(ErrorCode::kPermission, http::PublicUrl(url) + " is not signed: there is no " +
                                            http::PublicUrl(SignatureUrl(url)));
  }
  if (!signatures) return Fail(signatures.error());
  document.signatures = *std::move(signatures);
  return document;
}

Result<std::optional<FetchedRoot>> DocumentFetcher::FollowRoots(const std::string& url,
                                                                const Root& current,
                                                                std::stop_token stop) {
  std::optional<FetchedRoot> newest;
  for (int step = 0; step < kMaxRootSteps; ++step) {
    const Root& from = newest ? newest->root : current;
    MATIC_ASSIGN(const std::string next_url, ResolveUrl(url, RootFileName(from.version + 1)));
    auto document = Fetch(next_url, DocumentKind::kRoot, stop);
    // Servers that list nothing answer 403 for what is not there.
    if (!document && (document.error().code == ErrorCode::kNotFound ||
                      document.error().code == ErrorCode::kRefused)) {
      return newest;
    }
    if (!document) return Fail(document.error());
    Result<Root> next = VerifyNextRoot(from, document->view());
    if (!next) return Fail(next.error().Context(http::PublicUrl(next_url)));
    newest = FetchedRoot{*std::move(next), *std::move(document)};
  }
  return Fail(ErrorCode::kRefused, "over " + std::to_string(kMaxRootSteps) +
                                       " root documents follow one another at " +
                                       http::PublicUrl(url));
}

}  // namespace matic::trust
