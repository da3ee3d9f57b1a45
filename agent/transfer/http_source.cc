#include "agent/transfer/http_source.h"

#include <spdlog/spdlog.h>

namespace matic::transfer {
namespace {

// Of a whole image, less is no progress.
constexpr uint64_t kProgressBytes = 1024 * 1024;

// One download, over all of its attempts.
class Download final : public http::BodySink {
 public:
  Download(std::string url, const FetchFrom& from, uint64_t max_bytes, ImageSink& sink)
      : request_{std::move(url), from.offset, from.validator, max_bytes},
        sink_(sink),
        total_(from.total_bytes) {}

  const http::Request& request() const { return request_; }
  // What the sink said, which no other attempt can mend.
  const std::optional<Error>& sink_error() const { return sink_error_; }

  Result<> Begin(const http::ResponseHead& head) override {
    const uint64_t done = request_.offset;
    const bool continued = head.offset == done;
    if (continued && done > 0) MATIC_TRY(CheckIsTheSame(head));
    if (!continued) {
      spdlog::warn("download: {} starts anew after {} bytes: {}", head.url, done,
                   request_.validator.empty() || request_.validator == head.validator
                       ? "the server did not continue where it broke off"
                       : "the content changed");
      StartAnew();
    } else if (done > 0) {
      spdlog::info("download: {} continues at {}", head.url, done);
    }
    request_.validator = head.validator;
    if (head.total_bytes || !continued) total_ = head.total_bytes;
    sink_.SetTotal(total_, head.validator);
    return {};
  }

  Result<> Write(std::span<const uint8_t> bytes) override {
    auto taken = sink_.Write(bytes);
    if (!taken) {
      sink_error_ = taken.error();
      return taken;
    }
    request_.offset += bytes.size();
    return {};
  }

  void StartAnew() {
    request_.offset = 0;
    request_.validator.clear();
    total_.reset();
    sink_.Restart();
  }

 private:
  // A server that knows no If-Range goes on with whatever it has now.
  Result<> CheckIsTheSame(const http::ResponseHead& head) const {
    if (total_ && head.total_bytes && *total_ != *head.total_bytes) {
      return Fail(ErrorCode::kCorrupt, head.url + ": was " + std::to_string(*total_) +
                                           " bytes, is " + std::to_string(*head.total_bytes) +
                                           " now: it changed while it was fetched");
    }
    if (request_.validator.empty() || head.validator.empty() ||
        request_.validator == head.validator) {
      return {};
    }
    return Fail(ErrorCode::kCorrupt, head.url +
                                         ": goes on with another content: it changed while "
                                         "it was fetched");
  }

  http::Request request_;
  ImageSink& sink_;
  std::optional<uint64_t> total_;
  std::optional<Error> sink_error_;
};

bool MayPass(const Error& error, const Download& download) {
  // A wrong range: from the start it may be right.
  return http::MayPass(error) ||
         (error.code == ErrorCode::kCorrupt && download.request().offset > 0);
}

}  // namespace

Result<> HttpSource::Fetch(const FetchFrom& from, uint64_t max_bytes, ImageSink& sink,
                           std::stop_token stop) {
  Download download(url_, from, max_bytes, sink);
  http::Retries retries(policy_, clock_, from.offset, kProgressBytes);
  while (true) {
    const auto answer = http_.Get(download.request(), download, stop);
    if (answer) return {};
    if (download.sink_error()) return Fail(*download.sink_error());
    const Error& error = answer.error();
    if (!MayPass(error, download)) return Fail(error);
    MATIC_TRY(retries.After(error, download.request().offset, stop));
    if (error.code == ErrorCode::kCorrupt) download.StartAnew();
  }
}

}  // namespace matic::transfer
