// What is posted to the worker, and how that cuts short what the worker is at. Thread-safe.
#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>

#include "agent/update/transition.h"

namespace matic::engine {

class Inbox {
 public:
  // An inbox begins open.
  void Open();
  // What the worker is at is cut short, and what comes after it.
  void Close();
  bool IsClosed() const;
  std::stop_token Closed() const;

  void Post(update::Event event);
  bool IsEmpty() const;
  // Waits for the next event, where there is a limit no longer than that. Nothing came of it: the
  // time is over, or it was closed.
  std::optional<update::Event> Next(std::optional<std::chrono::milliseconds> limit);
  // A stop that belongs to what comes now: what was posted or asked before counts as well.
  std::stop_token FreshInterrupt();
  // Takes the cancellation that cut what `state` is at short, and returns its reason; nothing where
  // something else did.
  std::optional<std::string> TakeCancellation(const update::UpdateState& state);

 private:
  mutable std::mutex mutex_;
  std::condition_variable_any posted_;
  std::deque<update::Event> queue_;
  std::stop_source interrupt_;
  std::stop_source closed_;
};

}  // namespace matic::engine
