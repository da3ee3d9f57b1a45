#include "agent/health/http_check.h"

#include <algorithm>
#include <utility>

#include "lib/os/output_tail.h"

namespace matic::health {
namespace {

constexpr std::chrono::seconds kLimit{10};
constexpr size_t kMaxBody = 256 * 1024;
constexpr size_t kShown = 160;

class BodyStart final : public http::BodySink {
 public:
  Result<> Begin(const http::ResponseHead& head) override {
    status_ = head.status;
    return {};
  }
  Result<> Write(std::span<const uint8_t> bytes) override {
    const size_t taken = std::min(bytes.size(), kMaxBody - text_.size());
    text_.append(reinterpret_cast<const char*>(bytes.data()), taken);
    if (text_.size() < kMaxBody) return {};
    full_ = true;
    return Fail(ErrorCode::kCancelled, "enough");
  }

  int status() const { return status_; }
  const std::string& text() const { return text_; }
  bool full() const { return full_; }

 private:
  int status_ = 0;
  std::string text_;
  bool full_ = false;
};

std::string Start(std::string_view body) {
  return body.empty() ? "" : Quoted(CleanText(body.substr(0, kShown)));
}

}  // namespace

HttpCheck::HttpCheck(const config::HttpCheck& check, std::unique_ptr<http::HttpClient> client)
    : ConfiguredCheck(check.name, check.settings), check_(check), client_(std::move(client)) {
  if (!check_.matches.empty()) pattern_ = Pattern::Compile(check_.matches);
}

Finding HttpCheck::Judge(int status, std::string_view body) const {
  const std::string answers = "answers " + std::to_string(status);
  if (std::ranges::find(check_.status, static_cast<uint32_t>(status)) == check_.status.end()) {
    return {false, answers + Start(body)};
  }
  if (body.find(check_.contains) == std::string_view::npos) {
    return {false, answers + " without '" + check_.contains + "'" + Start(body)};
  }
  if (!pattern_) return {true, answers};
  if (!*pattern_) return {false, check_.matches + ": " + pattern_->error().message};
  if (!(*pattern_)->Matches(body)) {
    return {false, answers + " without a match of '" + check_.matches + "'" + Start(body)};
  }
  return {true, answers};
}

Finding HttpCheck::Run(std::stop_token stop) {
  BodyStart body;
  const auto answer = client_->Get(
      {.url = check_.url, .max_bytes = UINT64_MAX, .deadline = LimitOr(kLimit), .any_status = true},
      body, std::move(stop));
  if (!answer && !body.full()) return {false, answer.error().message};
  return Judge(body.status(), body.text());
}

}  // namespace matic::health
