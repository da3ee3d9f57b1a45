// Servers that answer as a test says, and keep what they were sent.
#pragma once

#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "lib/notify/transport.h"

namespace matic::notify {

// Thread-safe.
class FakeTransport final : public Transport {
 public:
  Result<HttpAnswer> Send(const HttpRequest& request, std::stop_token) override {
    const std::scoped_lock lock(mutex_);
    requests_.push_back(request);
    changed_.notify_all();
    if (const auto found = answers_.find(request.url); found != answers_.end()) {
      return found->second;
    }
    return answer_(requests_.size());
  }

  // While the servers hang, only a stop ends a mail's delivery.
  Result<> Send(const Mail& mail, std::stop_token stop) override {
    std::unique_lock lock(mutex_);
    mails_.push_back(mail);
    changed_.notify_all();
    if (hangs_) {
      changed_.wait(lock, stop, [] { return false; });
      return Fail(ErrorCode::kCancelled, "stopped");
    }
    return mail_answer_;
  }

  // `answer` is given the number of the request, from 1 on.
  void AnswerWith(std::function<Result<HttpAnswer>(size_t)> answer) {
    const std::scoped_lock lock(mutex_);
    answer_ = std::move(answer);
  }
  // Whatever `answer` of AnswerWith says.
  void AnswerAt(const std::string& url, HttpAnswer answer) {
    const std::scoped_lock lock(mutex_);
    answers_[url] = std::move(answer);
  }
  void AnswerMailWith(Result<> answer) {
    const std::scoped_lock lock(mutex_);
    mail_answer_ = std::move(answer);
  }
  void HangMail() {
    const std::scoped_lock lock(mutex_);
    hangs_ = true;
  }

  std::vector<HttpRequest> requests() const {
    const std::scoped_lock lock(mutex_);
    return requests_;
  }
  std::vector<Mail> mails() const {
    const std::scoped_lock lock(mutex_);
    return mails_;
  }
  void AwaitMails(size_t count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return mails_.size() >= count; });
  }
  void AwaitRequests(size_t count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return requests_.size() >= count; });
  }

 private:
  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  std::vector<HttpRequest> requests_;
  std::vector<Mail> mails_;
  std::function<Result<HttpAnswer>(size_t)> answer_ = [](size_t) {
    return HttpAnswer{.status = 200, .retry_after = {}, .text = "ok"};
  };
  std::map<std::string, HttpAnswer> answers_;  // by URL
  Result<> mail_answer_;
  bool hangs_ = false;
};

}  // namespace matic::notify
