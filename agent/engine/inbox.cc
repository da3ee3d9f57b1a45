#include "agent/engine/inbox.h"

#include <algorithm>
#include <utility>
#include <variant>

namespace matic::engine {

void Inbox::Open() {
  std::lock_guard lock(mutex_);
  closed_ = std::stop_source();
}

void Inbox::Close() {
  std::unique_lock lock(mutex_);
  std::stop_source closed = closed_;
  lock.unlock();
  // It wakes Next, which takes the lock.
  closed.request_stop();
  lock.lock();
  interrupt_.request_stop();
}

bool Inbox::IsClosed() const { return Closed().stop_requested(); }

std::stop_token Inbox::Closed() const {
  std::lock_guard lock(mutex_);
  return closed_.get_token();
}

void Inbox::Post(update::Event event) {
  std::lock_guard lock(mutex_);
  queue_.push_back(std::move(event));
  interrupt_.request_stop();
  posted_.notify_all();
}

bool Inbox::IsEmpty() const {
  std::lock_guard lock(mutex_);
  return queue_.empty();
}

std::optional<update::Event> Inbox::Next(std::optional<std::chrono::milliseconds> limit) {
  std::unique_lock lock(mutex_);
  const std::stop_token closed = closed_.get_token();
  const auto ready = [&] { return !queue_.empty(); };
  if (limit) {
    posted_.wait_for(lock, closed, *limit, ready);
  } else {
    posted_.wait(lock, closed, ready);
  }
  if (queue_.empty()) return std::nullopt;
  update::Event event = std::move(queue_.front());
  queue_.pop_front();
  return event;
}

std::stop_token Inbox::FreshInterrupt() {
  std::lock_guard lock(mutex_);
  interrupt_ = std::stop_source();
  if (closed_.stop_requested() || !queue_.empty()) interrupt_.request_stop();
  return interrupt_.get_token();
}

std::optional<std::string> Inbox::TakeCancellation(const update::UpdateState& state) {
  std::lock_guard lock(mutex_);
  auto it = std::ranges::find_if(queue_, [&](const update::Event& event) {
    const auto* cancel = std::get_if<update::CancelRequested>(&event);
    return cancel != nullptr && update::IsMeantFor(*cancel, state);
  });
  if (it == queue_.end()) return std::nullopt;
  std::string reason = update::CancelReason(std::get<update::CancelRequested>(*it));
  queue_.erase(it);
  return reason;
}

}  // namespace matic::engine
