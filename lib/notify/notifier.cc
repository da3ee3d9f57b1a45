#include "lib/notify/notifier.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <random>
#include <thread>
#include <utility>

#include "lib/base/hex.h"

namespace matic::notify {
namespace {

// The wall clock and a suspended machine's timers jump: a wait looks up this often.
constexpr std::chrono::seconds kLongestSleep{10};

std::string NewId() {
  std::random_device random;
  std::vector<uint8_t> bytes(16);
  for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(random());
  return HexEncode(bytes);
}

}  // namespace

// One channel's outbox and thread.
class Notifier::Line {
 public:
  Line(Channel channel, const RetryPolicy& retry, const Courier& courier, const Clock& clock,
       const Report& report)
      : channel_(std::move(channel)),
        courier_(courier),
        clock_(clock),
        report_(report),
        outbox_(channel_.rate_limit, retry) {}

  void Start() {
    thread_ = std::thread([this] { Run(); });
  }

  void Put(const std::string& id, const Message& message) {
    if (!Takes(channel_, message)) return;
    const std::scoped_lock lock(mutex_);
    if (ending_) return;
    outbox_.Put(id, message, clock_.SinceBoot());
    changed_.notify_all();
  }

  void BeginToEnd() {
    const std::scoped_lock lock(mutex_);
    ending_ = true;
    changed_.notify_all();
  }

  void AwaitEnd(std::chrono::steady_clock::time_point until) {
    std::unique_lock lock(mutex_);
    if (thread_.joinable()) changed_.wait_until(lock, until, [this] { return ended_; });
  }

  void End() {
    stop_.request_stop();
    if (thread_.joinable()) thread_.join();
  }

  ChannelCounts Counts() const {
    const std::scoped_lock lock(mutex_);
    return {channel_.name, delivered_, failed_, outbox_.left_out()};
  }

 private:
  void Run() {
    std::unique_lock lock(mutex_);
    while (!ending_) {
      const BootTime now = clock_.SinceBoot();
      if (const std::optional<Parcel> parcel = outbox_.Next(now)) {
        const Attempt attempt = Try(lock, *parcel);
        Settle(lock, *parcel, attempt);
      } else {
        Sleep(lock, now);
      }
    }
    for (const Parcel& parcel : outbox_.TakeAll()) {
      const Attempt attempt = Try(lock, parcel);
      attempt.error ? ++failed_ : ++delivered_;
      Tell(lock, parcel, attempt, attempt.error.has_value());
    }
    ended_ = true;
    changed_.notify_all();
  }

  void Sleep(std::unique_lock<std::mutex>& lock, BootTime now) {
    const std::optional<BootTime> next = outbox_.NextTime();
    if (!next) {
      changed_.wait(lock);
    } else if (*next > now) {
      changed_.wait_for(lock, std::min<BootTime>(*next - now, kLongestSleep));
    }
  }

  Attempt Try(std::unique_lock<std::mutex>& lock, const Parcel& parcel) {
    lock.unlock();
    Attempt attempt = courier_.Deliver(channel_, parcel, stop_.get_token());
    lock.lock();
    return attempt;
  }

  void Settle(std::unique_lock<std::mutex>& lock, const Parcel& parcel, const Attempt& attempt) {
    bool given_up = false;
    if (!attempt.error) {
      outbox_.Delivered();
      ++delivered_;
    } else {
      // An attempt that the end cut short says nothing of the message; it is tried once more there.
      const bool again = attempt.again || stop_.stop_requested();
      given_up = outbox_.Failed(again, attempt.retry_after, clock_.SinceBoot());
      failed_ += given_up ? 1 : 0;
    }
    Tell(lock, parcel, attempt, given_up);
  }

  void Tell(std::unique_lock<std::mutex>& lock, const Parcel& parcel, const Attempt& attempt,
            bool given_up) {
    if (!report_) return;
    lock.unlock();
    report_({channel_.name, parcel.message.title, attempt.error, given_up});
    lock.lock();
  }

  const Channel channel_;
  const Courier& courier_;
  const Clock& clock_;
  const Report report_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  Outbox outbox_;
  uint64_t delivered_ = 0;
  uint64_t failed_ = 0;
  bool ending_ = false;
  bool ended_ = false;
  std::stop_source stop_;
  std::thread thread_;
};

Notifier::Notifier(std::vector<Channel> channels, const RetryPolicy& retry, const Courier& courier,
                   const Clock& clock, Report report) {
  for (Channel& channel : channels) {
    lines_.push_back(std::make_unique<Line>(std::move(channel), retry, courier, clock, report));
  }
}

void Notifier::Start() {
  for (const auto& line : lines_) line->Start();
}

Notifier::~Notifier() { Stop(std::chrono::milliseconds(0)); }

void Notifier::Send(const Message& message) {
  const std::string id = NewId();
  const Message cleaned = Cleaned(message);
  for (const auto& line : lines_) line->Put(id, cleaned);
}

void Notifier::Stop(std::chrono::milliseconds deadline) {
  const auto until = std::chrono::steady_clock::now() + deadline;
  for (const auto& line : lines_) line->BeginToEnd();
  for (const auto& line : lines_) line->AwaitEnd(until);
  for (const auto& line : lines_) line->End();
}

std::vector<ChannelCounts> Notifier::Counts() const {
  std::vector<ChannelCounts> counts;
  for (const auto& line : lines_) counts.push_back(line->Counts());
  return counts;
}

}  // namespace matic::notify
