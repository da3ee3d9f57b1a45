// A value that threads read while another may put a new one in its place: settings that may change
// while a program runs.
#pragma once

#include <memory>
#include <mutex>
#include <utility>

namespace matic {

template <typename T>
class Replaceable {
 public:
  explicit Replaceable(T value) : value_(std::make_shared<const T>(std::move(value))) {}

  // Stays whole, and as it is, for as long as it is held. What is read more than once in one piece
  // of work is got once.
  std::shared_ptr<const T> Get() const {
    const std::scoped_lock lock(mutex_);
    return value_;
  }

  // For one look: what is behind it may be gone after the full expression.
  std::shared_ptr<const T> operator->() const { return Get(); }

  void Replace(T value) {
    auto fresh = std::make_shared<const T>(std::move(value));
    const std::scoped_lock lock(mutex_);
    value_.swap(fresh);
  }

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<const T> value_;
};

}  // namespace matic
