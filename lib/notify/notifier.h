// Tells people through every channel that wants a message, without ever keeping the caller waiting.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "lib/base/error.h"
#include "lib/notify/courier.h"
#include "lib/notify/outbox.h"
#include "lib/os/clock.h"

namespace matic::notify {

// What came of one attempt, for the log. No secret is in it.
struct DeliveryReport {
  std::string channel;
  std::string title;
  std::optional<Error> error;  // nothing: delivered
  bool given_up = false;       // it will not be tried again
};

struct ChannelCounts {
  std::string channel;
  uint64_t delivered = 0;
  uint64_t failed = 0;    // given up
  uint64_t left_out = 0;  // by the rate limit, or because too many waited
};

// A thread a channel, so that one that hangs holds up no other.
//
// With a folder, what waits is kept in a file a channel, as are the rate limits: a moment after
// Send it survives the end of the program and a power loss, and is sent again where the end came
// between the delivery and the note of it. Without one, or where the file cannot be written (which
// is reported once), it is lost with the process.
class Notifier {
 public:
  using Report = std::function<void(const DeliveryReport&)>;

  // `report` is called from the channels' threads, and here for a file that cannot be read.
  // References outlive the notifier. Files of channels that there are no more are removed from
  // `folder`.
  Notifier(std::vector<Channel> channels, const RetryPolicy& retry, const Courier& courier,
           const Clock& clock, Report report, const std::filesystem::path& folder = {});
  // As Stop(0).
  ~Notifier();
  Notifier(const Notifier&) = delete;
  Notifier& operator=(const Notifier&) = delete;

  // Once. What was sent before waits for it.
  void Start();

  // Thread-safe; returns at once. After Stop it does nothing.
  void Send(const Message& message);

  // Tries everything that waits once more, and ends after `deadline` at the latest. What the rate
  // limit holds back is not tried where it is kept.
  void Stop(std::chrono::milliseconds deadline);

  std::vector<ChannelCounts> Counts() const;

 private:
  class Line;
  std::vector<std::unique_ptr<Line>> lines_;
};

}  // namespace matic::notify
