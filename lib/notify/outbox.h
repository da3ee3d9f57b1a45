// What waits to be sent through one channel: bounded, limited in rate, tried again. Pure: the
// caller brings the time, and does the sending.
#pragma once

#include <chrono>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "lib/notify/channel.h"
#include "lib/os/clock.h"

namespace matic::notify {

struct RetryPolicy {
  std::chrono::milliseconds first{5000};  // doubles with each failure of the channel
  std::chrono::milliseconds longest{std::chrono::minutes(10)};
  std::chrono::milliseconds give_up{std::chrono::hours(24)};  // of one message's age
  size_t queue = 64;                                          // messages
};

// A message under way. The id stays the same when it is sent again, so that receivers can tell.
struct Parcel {
  std::string id;  // letters and digits
  Message message;
  uint64_t left_out = 0;  // messages that the channel does not get, not told of yet
};

// What an outbox holds, for one that is made after it: times are ages.
struct OutboxContent {
  struct Waiting {
    std::string id;
    Message message;
    std::chrono::milliseconds age{0};
  };
  std::vector<Waiting> queue;
  std::optional<Waiting> held;
  std::vector<std::chrono::milliseconds> admitted;  // ages of what counts for the rate limit
  uint64_t left_out = 0;
};

// Beyond the rate limit the most severe message (the newest of those) is held until the limit
// allows it, and the others are left out and counted. So nobody is left in the belief that all was
// said. The end of a fleet's run (there is one a run) passes the limit: who heard of its beginning
// hears how it went.
class Outbox {
 public:
  Outbox(const RateLimit& limit, const RetryPolicy& retry);

  void Put(std::string id, Message message, BootTime now);

  // What to send now. Say Delivered or Failed before the next call.
  std::optional<Parcel> Next(BootTime now);
  // When Next has something to send; nothing before the next Put where there is none.
  std::optional<BootTime> NextTime() const;

  void Delivered();
  // Returns whether the message was given up: `again` is false or it is too old. `retry_after`:
  // what the receiver asked for, if it did.
  bool Failed(bool again, std::chrono::milliseconds retry_after, BootTime now);

  // For the end: what waits, each to be tried once more without regard to limits.
  std::vector<Parcel> TakeAll();

  OutboxContent Content(BootTime now) const;
  // Into a new outbox, before the first Put. Ages count from `now` backwards; what is more than the
  // outbox takes is left out.
  void Restore(OutboxContent content, BootTime now);

  uint64_t left_out() const { return left_out_total_; }

 private:
  struct Entry {
    std::string id;
    Message message;
    BootTime queued;
  };

  static OutboxContent::Waiting Aged(const Entry& entry, BootTime now);
  bool HasRoom(BootTime now) const;
  void Enqueue(Entry entry, BootTime now);
  void LeaveOut(Entry entry);
  void AdmitHeld(BootTime now);
  void DropOne();

  const RateLimit limit_;
  const RetryPolicy retry_;
  std::deque<Entry> queue_;
  std::optional<Entry> held_;
  bool under_way_ = false;  // the first of the queue
  uint64_t told_ = 0;       // left out, as said in the parcel under way
  uint64_t left_out_ = 0;   // not told yet
  uint64_t left_out_total_ = 0;
  std::deque<BootTime> admitted_;  // the newest `limit_.messages` at most
  uint32_t failures_ = 0;          // in a row
  BootTime not_before_{0};
};

}  // namespace matic::notify
