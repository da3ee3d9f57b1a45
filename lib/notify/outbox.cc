#include "lib/notify/outbox.h"

#include <algorithm>
#include <functional>

namespace matic::notify {
namespace {

constexpr uint32_t kMaxDoublings = 20;
constexpr std::chrono::milliseconds kLongestRetryAfter = std::chrono::hours(1);

// Up to a quarter on top, different for each message, so that many machines that lost the same
// server do not come back at the same time.
std::chrono::milliseconds WithJitter(std::chrono::milliseconds pause, const std::string& id) {
  const auto share = static_cast<int64_t>(std::hash<std::string>()(id) % 256);
  return pause + pause * share / 1024;
}

std::chrono::milliseconds Age(BootTime since, BootTime now) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(now - since);
}

}  // namespace

Outbox::Outbox(const RateLimit& limit, const RetryPolicy& retry)
    : limit_{.messages = std::max(limit.messages, 1u), .period = limit.period}, retry_(retry) {}

bool Outbox::HasRoom(BootTime now) const {
  return admitted_.size() < limit_.messages || now - admitted_.front() >= limit_.period;
}

void Outbox::Put(std::string id, Message message, BootTime now) {
  AdmitHeld(now);
  Entry entry{std::move(id), std::move(message), now};
  if (HasRoom(now) || entry.message.event == Event::kRunFinished) {
    Enqueue(std::move(entry), now);
  } else {
    LeaveOut(std::move(entry));
  }
}

void Outbox::Enqueue(Entry entry, BootTime now) {
  if (queue_.size() >= retry_.queue) DropOne();
  queue_.push_back(std::move(entry));
  admitted_.push_back(now);
  if (admitted_.size() > limit_.messages) admitted_.pop_front();
}

void Outbox::LeaveOut(Entry entry) {
  if (!held_) {
    held_ = std::move(entry);
    return;
  }
  if (entry.message.level >= held_->message.level) held_ = std::move(entry);
  ++left_out_;
  ++left_out_total_;
}

void Outbox::AdmitHeld(BootTime now) {
  if (!held_ || !HasRoom(now)) return;
  Entry entry = std::move(*held_);
  held_.reset();
  Enqueue(std::move(entry), now);
}

// The oldest of the least severe; never the one under way.
void Outbox::DropOne() {
  const auto first = queue_.begin() + (under_way_ ? 1 : 0);
  const auto victim = std::min_element(first, queue_.end(), [](const Entry& a, const Entry& b) {
    return a.message.level < b.message.level;
  });
  if (victim == queue_.end()) return;
  queue_.erase(victim);
  ++left_out_;
  ++left_out_total_;
}

std::optional<Parcel> Outbox::Next(BootTime now) {
  AdmitHeld(now);
  if (queue_.empty() || now < not_before_) return std::nullopt;
  under_way_ = true;
  told_ = left_out_;
  const Entry& entry = queue_.front();
  return Parcel{entry.id, entry.message, told_};
}

std::optional<BootTime> Outbox::NextTime() const {
  if (!queue_.empty()) return not_before_;
  if (!held_) return std::nullopt;
  const BootTime room =
      admitted_.size() < limit_.messages ? BootTime(0) : admitted_.front() + limit_.period;
  return std::max(room, not_before_);
}

void Outbox::Delivered() {
  queue_.pop_front();
  under_way_ = false;
  left_out_ -= told_;
  failures_ = 0;
  not_before_ = BootTime(0);
}

bool Outbox::Failed(bool again, std::chrono::milliseconds retry_after, BootTime now) {
  under_way_ = false;
  const Entry& entry = queue_.front();
  const bool given_up = !again || now - entry.queued >= retry_.give_up;
  if (again) {
    const std::chrono::milliseconds pause = std::min<std::chrono::milliseconds>(
        retry_.longest, retry_.first * (1LL << std::min(failures_, kMaxDoublings)));
    not_before_ =
        now + std::max(WithJitter(pause, entry.id), std::min(retry_after, kLongestRetryAfter));
    ++failures_;
  }
  if (given_up) queue_.pop_front();
  return given_up;
}

OutboxContent::Waiting Outbox::Aged(const Entry& entry, BootTime now) {
  return {entry.id, entry.message, Age(entry.queued, now)};
}

OutboxContent Outbox::Content(BootTime now) const {
  OutboxContent content;
  for (const Entry& entry : queue_) content.queue.push_back(Aged(entry, now));
  if (held_) content.held = Aged(*held_, now);
  for (const BootTime admitted : admitted_) content.admitted.push_back(Age(admitted, now));
  content.left_out = left_out_;
  return content;
}

void Outbox::Restore(OutboxContent content, BootTime now) {
  const auto entry = [now](OutboxContent::Waiting& waiting) {
    return Entry{std::move(waiting.id), std::move(waiting.message), now - waiting.age};
  };
  for (OutboxContent::Waiting& waiting : content.queue) {
    if (queue_.size() >= retry_.queue) DropOne();
    queue_.push_back(entry(waiting));
  }
  if (content.held) held_ = entry(*content.held);
  for (const std::chrono::milliseconds age : content.admitted) {
    admitted_.push_back(now - age);
    if (admitted_.size() > limit_.messages) admitted_.pop_front();
  }
  left_out_ += content.left_out;
}

std::vector<Parcel> Outbox::TakeAll() {
  std::vector<Parcel> parcels;
  if (held_) queue_.push_back(std::move(*held_));
  held_.reset();
  for (Entry& entry : queue_) {
    parcels.push_back({std::move(entry.id), std::move(entry.message), left_out_});
    left_out_ = 0;
  }
  queue_.clear();
  under_way_ = false;
  return parcels;
}

}  // namespace matic::notify
