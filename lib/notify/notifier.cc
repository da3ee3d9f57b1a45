#include "lib/notify/notifier.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>

#include "lib/notify/outbox_file.h"
#include "lib/notify/parcel_id.h"

namespace matic::notify {
namespace {

// The wall clock and a suspended machine's timers jump: a wait looks up this often.
constexpr std::chrono::seconds kLongestSleep{10};

constexpr const char* kEnding = ".json";

// Of channels that were configured once. Other names are not ours.
void RemoveOthers(const std::filesystem::path& folder, const std::vector<Channel>& channels) {
  std::error_code error;
  std::vector<std::filesystem::path> others;
  for (std::filesystem::directory_iterator file(folder, error), end; !error && file != end;
       file.increment(error)) {
    const bool known = std::ranges::any_of(channels, [&](const Channel& channel) {
      return file->path().filename() == channel.name + kEnding;
    });
    if (!known && file->path().extension() == kEnding) others.push_back(file->path());
  }
  for (const std::filesystem::path& file : others) std::filesystem::remove(file, error);
}

}  // namespace

// One channel's outbox and thread.
class Notifier::Line {
 public:
  Line(Channel channel, const RetryPolicy& retry, const Courier& courier, const Clock& clock,
       const Report& report, const std::filesystem::path& folder)
      : channel_(std::move(channel)),
        courier_(courier),
        clock_(clock),
        report_(report),
        outbox_(channel_.rate_limit, retry) {
    if (folder.empty()) return;
    file_.emplace(folder / (channel_.name + kEnding));
    Result<OutboxContent> kept = file_->Load(clock_.Now());
    if (kept) outbox_.Restore(*std::move(kept), clock_.SinceBoot());
    if (!kept && report_) {
      report_({channel_.name, "what waited", kept.error(), /*given_up=*/true});
    }
  }

  void Start() {
    thread_ = std::thread([this] { Run(); });
  }

  void Put(const std::string& id, const Message& message) {
    if (!Takes(channel_, message)) return;
    const std::scoped_lock lock(mutex_);
    if (ending_) return;
    outbox_.Put(id, message, clock_.SinceBoot());
    unsaved_ = file_.has_value();
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
    if (thread_.joinable()) return thread_.join();
    std::unique_lock lock(mutex_);
    if (unsaved_) Save(lock, outbox_.Content(clock_.SinceBoot()));
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
      if (unsaved_) {
        Save(lock, outbox_.Content(now));
      } else if (const std::optional<Parcel> parcel = outbox_.Next(now)) {
        const Attempt attempt = Try(lock, *parcel);
        Settle(lock, *parcel, attempt);
      } else {
        Sleep(lock, now);
      }
    }
    LastTries(lock);
    ended_ = true;
    changed_.notify_all();
  }

  void LastTries(std::unique_lock<std::mutex>& lock) {
    OutboxContent kept = outbox_.Content(clock_.SinceBoot());
    // The power may go while they are tried.
    if (unsaved_) Save(lock, kept);
    for (const Parcel& parcel : outbox_.TakeAll()) {
      if (file_ && kept.held && kept.held->id == parcel.id) continue;
      const Attempt attempt = Try(lock, parcel);
      // An attempt that the end cut short says nothing of the message.
      const bool stays = file_ && attempt.error && (attempt.again || stop_.stop_requested());
      if (!attempt.error) ++delivered_;
      if (attempt.error && !stays) ++failed_;
      Tell(lock, parcel, attempt, attempt.error && !stays);
      if (stays) continue;
      std::erase_if(kept.queue, [&](const auto& waiting) { return waiting.id == parcel.id; });
      if (!attempt.error) kept.left_out -= std::min(kept.left_out, parcel.left_out);
    }
    if (file_) Save(lock, kept);
  }

  // A disk that takes nothing is told of once: the messages themselves can still be sent.
  void Save(std::unique_lock<std::mutex>& lock, const OutboxContent& content) {
    unsaved_ = false;
    lock.unlock();
    const Result<> saved = file_->Save(content, clock_.Now());
    if (!saved && !told_of_disk_ && report_) {
      report_({channel_.name, "what waits", saved.error(), /*given_up=*/false});
    }
    told_of_disk_ = !saved;
    lock.lock();
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
    // An attempt that comes again changes nothing of what is kept.
    if (file_ && (!attempt.error || given_up)) unsaved_ = true;
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
  std::optional<OutboxFile> file_;
  bool unsaved_ = false;
  bool told_of_disk_ = false;  // of the thread
  uint64_t delivered_ = 0;
  uint64_t failed_ = 0;
  bool ending_ = false;
  bool ended_ = false;
  std::stop_source stop_;
  std::thread thread_;
};

Notifier::Notifier(std::vector<Channel> channels, const RetryPolicy& retry, const Courier& courier,
                   const Clock& clock, Report report, const std::filesystem::path& folder) {
  if (!folder.empty()) RemoveOthers(folder, channels);
  for (Channel& channel : channels) {
    lines_.push_back(
        std::make_unique<Line>(std::move(channel), retry, courier, clock, report, folder));
  }
}

void Notifier::Start() {
  for (const auto& line : lines_) line->Start();
}

Notifier::~Notifier() { Stop(std::chrono::milliseconds(0)); }

void Notifier::Send(const Message& message) {
  const std::string id = NewParcelId();
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
