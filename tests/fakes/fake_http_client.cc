#include "tests/fakes/fake_http_client.h"

#include <algorithm>
#include <condition_variable>

namespace matic::fakes {
namespace {

constexpr size_t kPieceBytes = 10'000;  // of no alignment, as a network's are

void WaitForStop(std::stop_token stop) {
  std::mutex mutex;
  std::condition_variable_any changed;
  std::unique_lock lock(mutex);
  changed.wait(lock, stop, [] { return false; });
}

}  // namespace

void FakeHttpClient::Put(const std::string& url, std::vector<uint8_t> content) {
  const std::scoped_lock lock(mutex_);
  contents_[url] = {std::move(content), "\"v" + std::to_string(++versions_) + "\"", 200};
}

void FakeHttpClient::PutStatus(const std::string& url, int status, std::vector<uint8_t> content) {
  const std::scoped_lock lock(mutex_);
  contents_[url] = {std::move(content), "", status};
}

void FakeHttpClient::AddMishap(HttpMishap mishap) {
  const std::scoped_lock lock(mutex_);
  mishaps_.push_back(std::move(mishap));
}

std::vector<http::Request> FakeHttpClient::requests() const {
  const std::scoped_lock lock(mutex_);
  return requests_;
}

uint64_t FakeHttpClient::bytes_sent() const {
  const std::scoped_lock lock(mutex_);
  return bytes_sent_;
}

Result<FakeHttpClient::Plan> FakeHttpClient::Begin(const http::Request& request) {
  const std::scoped_lock lock(mutex_);
  requests_.push_back(request);
  const auto found = contents_.find(request.url);
  HttpMishap mishap;
  if (!mishaps_.empty() && (found != contents_.end() || mishaps_.front().fails)) {
    mishap = mishaps_.front();
    mishaps_.pop_front();
  }
  if (mishap.fails) return Fail(*mishap.fails);
  if (found == contents_.end()) {
    return Fail(ErrorCode::kNotFound, request.url + ": HTTP 404 (not found)");
  }
  if (found->second.status != 200 && !request.any_status) {
    return Fail(ErrorCode::kRefused,
                request.url + ": HTTP " + std::to_string(found->second.status));
  }
  return Plan{found->second, std::move(mishap)};
}

Result<http::ResponseHead> FakeHttpClient::Get(const http::Request& request, http::BodySink& sink,
                                               std::stop_token stop) {
  MATIC_ASSIGN(const Plan plan, Begin(request));
  const auto& [content, mishap] = plan;
  if (mishap.wrong_range || request.offset > content.bytes.size()) {
    return Fail(ErrorCode::kCorrupt, request.url + ": answered with another range");
  }
  const bool same = request.validator.empty() || request.validator == content.validator;
  http::ResponseHead head;
  head.url = request.url;
  const bool part = same && !mishap.ignores_range;
  if (!part && request.length > 0) {
    return Fail(ErrorCode::kRefused, request.url + ": answers with all of it");
  }
  head.offset = part ? request.offset : 0;
  head.status = part && (request.offset > 0 || request.length > 0) ? 206 : content.status;
  head.validator = content.validator;
  if (!mishap.hides_total && !mishap.endless) head.total_bytes = content.bytes.size();
  if (head.total_bytes.value_or(0) > request.max_bytes) {
    return Fail(ErrorCode::kInvalidArgument, request.url + ": is more than fits");
  }
  MATIC_TRY(sink.Begin(head));
  MATIC_TRY(Send(plan, request, head, sink, stop));
  return head;
}

Result<> FakeHttpClient::Send(const Plan& plan, const http::Request& request,
                              const http::ResponseHead& head, http::BodySink& sink,
                              std::stop_token stop) {
  const auto& [content, mishap] = plan;
  const uint64_t size = content.bytes.size();
  const uint64_t whole =
      request.length > 0 ? std::min(size, request.offset + request.length) : size;
  const uint64_t end = mishap.cut_after ? std::min(whole, head.offset + *mishap.cut_after) : whole;
  for (uint64_t at = head.offset; at < end || mishap.endless;) {
    if (stop.stop_requested()) return Fail(ErrorCode::kCancelled, request.url + ": stopped");
    const uint64_t from = at % size;
    const uint64_t count =
        std::min<uint64_t>({kPieceBytes, size - from, mishap.endless ? size : end - at});
    if (at + count > request.max_bytes) {
      return Fail(ErrorCode::kInvalidArgument, request.url + ": sends more than fits");
    }
    MATIC_TRY(sink.Write(std::span(content.bytes).subspan(from, count)));
    at += count;
    const std::scoped_lock lock(mutex_);
    bytes_sent_ += count;
  }
  if (mishap.stalls) {
    WaitForStop(stop);
    return Fail(ErrorCode::kCancelled, request.url + ": stopped");
  }
  if (end < whole || mishap.fails_at_end)
    return Fail(ErrorCode::kUnavailable, request.url + ": connection reset by peer");
  return {};
}

}  // namespace matic::fakes
