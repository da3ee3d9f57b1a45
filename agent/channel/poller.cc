#include "agent/channel/poller.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <cstring>
#include <span>
#include <string_view>

#include "agent/update/facts.h"
#include "lib/crypto/sha256.h"
#include "lib/http/url.h"
#include "lib/trust/version.h"

namespace matic::channel {
namespace {

constexpr std::chrono::nanoseconds kFirstRetry = std::chrono::minutes(1);
constexpr size_t kSchedulesLookedAt = 100;
// Ends the reason of what was cancelled by the poller itself, for a newer version.
constexpr std::string_view kTookItsPlace = "took its place in the channel";

// What keeps another update from being scheduled, in words; empty where nothing does.
std::string UnderWay(const engine::Status& status) {
  if (!status.trial_target.empty()) return "the running system is not confirmed yet";
  if (status.common_cause)
    return "the last one was left for what " + status.common_cause->runs +
           " fails as well, and that lasts";
  if (status.phase == engine::Phase::kNone) return "";
  return "an update is under way";
}

bool HasQuarantined(const engine::Status& status, const std::string& digest) {
  return std::ranges::find(status.quarantined, digest) != status.quarantined.end();
}

}  // namespace

Poller::Poller(PollerOptions options, engine::SourceResolver& resolver, engine::Engine& engine,
               Clock& clock)
    : options_(std::move(options)),
      caller_{"channel " + http::PublicUrl(options_.channel.url)},
      resolver_(resolver),
      engine_(engine),
      clock_(clock) {}

void Poller::Configure(PollerOptions options) {
  const std::scoped_lock lock(mutex_);
  if (options.channel.url != options_.channel.url) last_result_.clear();
  options_ = std::move(options);
  caller_ = {"channel " + http::PublicUrl(options_.channel.url)};
}

void Poller::Start() {
  if (options_.channel.url.empty() || !options_.channel.poll || thread_.joinable()) return;
  {
    const std::scoped_lock lock(mutex_);
    due_ = clock_.SinceBoot() + Jitter(options_.channel.jitter, 0);
  }
  thread_ = std::jthread([this](std::stop_token stop) { Run(std::move(stop)); });
}

void Poller::Stop() {
  thread_.request_stop();
  if (thread_.joinable()) thread_.join();
  const std::scoped_lock lock(mutex_);
  due_.reset();
}

std::string Poller::url() const {
  const std::scoped_lock lock(mutex_);
  return http::PublicUrl(options_.channel.url);
}

std::optional<WallTime> Poller::next_run() const {
  const std::scoped_lock lock(mutex_);
  if (!due_) return std::nullopt;
  // From now, since the wall clock may have jumped meanwhile.
  const auto left = std::max(*due_ - clock_.SinceBoot(), BootTime(0));
  return clock_.Now() + std::chrono::duration_cast<WallTime::duration>(left);
}

std::string Poller::last_result() const {
  const std::scoped_lock lock(mutex_);
  return last_result_;
}

// The same on a machine each time, so that a test of many machines can be repeated.
std::chrono::nanoseconds Poller::Jitter(std::chrono::nanoseconds limit, uint64_t look) const {
  if (limit.count() <= 0) return std::chrono::nanoseconds(0);
  const std::string seed = options_.machine_id + "/" + std::to_string(look);
  const crypto::Digest digest =
      crypto::Sha256Of(std::span(reinterpret_cast<const uint8_t*>(seed.data()), seed.size()));
  uint64_t number = 0;
  std::memcpy(&number, digest.data(), sizeof number);
  return std::chrono::nanoseconds(number % static_cast<uint64_t>(limit.count() + 1));
}

std::chrono::nanoseconds Poller::Pause(uint64_t look, unsigned failures) const {
  const std::chrono::nanoseconds interval = options_.channel.interval;
  std::chrono::nanoseconds pause = interval;
  if (failures > 0) {
    pause = std::min(interval, kFirstRetry * (int64_t{1} << std::min(failures - 1, 16u)));
  }
  return pause + Jitter(std::min<std::chrono::nanoseconds>(options_.channel.jitter, pause), look);
}

void Poller::Run(std::stop_token stop) {
  unsigned failures = 0;
  BootTime due = *due_;
  for (uint64_t look = 1;; ++look) {
    if (!clock_.Wait(due - clock_.SinceBoot(), stop)) return;
    const Result<std::string> result = Look(stop);
    if (stop.stop_requested()) return;
    failures = result ? 0 : failures + 1;
    const std::string text = result ? *result : result.error().message;
    due = clock_.SinceBoot() + Pause(look, failures);
    const std::scoped_lock lock(mutex_);
    due_ = due;
    if (text == last_result_) continue;  // told already
    last_result_ = text;
    spdlog::log(result ? spdlog::level::info : spdlog::level::warn, "{}: {}", caller_.description,
                text);
  }
}

bool Poller::IsOurs(const engine::Schedule& schedule) const {
  return schedule.requested_by == caller_.description;
}

Result<std::string> Poller::Look(std::stop_token stop) {
  MATIC_ASSIGN(const engine::Status before, engine_.GetStatus());
  const update::Target* running = before.facts.Running();
  const std::string version = running == nullptr ? "" : running->version;
  if (!trust::CheckVersion(version)) {
    return Fail(ErrorCode::kRefused,
                "the version of the running system is unknown, so none can be newer");
  }
  MATIC_ASSIGN(const engine::ResolvedSource newest,
               resolver_.Resolve(options_.channel.url, "", version, std::move(stop)));
  if (trust::CompareVersions(newest.version, version) <= 0) {
    return version + " is up to date: the channel has " + newest.version;
  }
  return Schedule(newest);
}

std::string Poller::LeftAlone(const engine::Schedule& schedule) const {
  using engine::ScheduleState;
  switch (schedule.state) {
    case ScheduleState::kPending:
    case ScheduleState::kInProgress:
    case ScheduleState::kFailed:
      return "";
    case ScheduleState::kCancelled:
      // Not for the newer version that came, which may have been taken back since.
      return IsOurs(schedule) && schedule.reason.find(kTookItsPlace) == std::string::npos
                 ? schedule.id + " was cancelled"
                 : "";
    case ScheduleState::kCompleted:
    case ScheduleState::kRolledBack:
      // Somebody, or a check, went back from it: it is newer than what runs.
      return "it ran already, by " + schedule.id + ", and was left";
  }
  return "";
}

Result<std::string> Poller::Schedule(const engine::ResolvedSource& newest) {
  const std::string name = "version " + newest.version;
  for (const engine::Schedule& schedule : engine_.ListSchedules(kSchedulesLookedAt)) {
    if (schedule.request.sha256 != newest.sha256) continue;
    if (!engine::HasEnded(schedule.state)) return name + " is scheduled as " + schedule.id;
    if (const std::string why = LeftAlone(schedule); !why.empty()) {
      return name + " is left alone: " + why;
    }
  }
  MATIC_ASSIGN(const bool gave_way, GiveWay(name));
  MATIC_ASSIGN(const engine::Status status, engine_.GetStatus());
  if (HasQuarantined(status, newest.sha256)) {
    return name + " is left alone: it is quarantined here";
  }
  if (const std::string why = UnderWay(status); !why.empty()) {
    // What was just cancelled is gone in a moment.
    if (gave_way) return Fail(ErrorCode::kUnavailable, name + " has to wait: " + why);
    return name + " has to wait: " + why;
  }
  engine::ScheduleRequest request;
  request.source = options_.channel.url;
  // What was decided here, and no later one: quarantine and cancelling go by it.
  request.sha256 = newest.sha256;
  request.enable_auto_rollback = options_.channel.enable_auto_rollback;
  request.comment = name + " of the channel";
  MATIC_ASSIGN(const engine::Schedule schedule, engine_.ScheduleUpdate(request, caller_));
  return name + " was scheduled as " + schedule.id;
}

Result<bool> Poller::GiveWay(const std::string& to) {
  bool gave_way = false;
  for (const engine::Schedule& schedule : engine_.ListSchedules(kSchedulesLookedAt)) {
    if (!IsOurs(schedule) || engine::HasEnded(schedule.state)) continue;
    if (schedule.phase != engine::Phase::kWaiting) continue;
    MATIC_TRY(engine_.CancelSchedule(schedule.id, to + " " + std::string(kTookItsPlace), caller_));
    gave_way = true;
  }
  return gave_way;
}

}  // namespace matic::channel
