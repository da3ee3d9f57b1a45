#include "agent/fleetlock/fleet_lock.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <random>

#include "lib/http/url.h"

namespace matic::fleetlock {
namespace {

using engine::Disturbance;
using engine::SlotAnswer;

// The longest pause, in first pauses.
constexpr uint32_t kLongestPause = 10;
// Of giving back, before a person is told.
constexpr uint32_t kQuietFailures = 3;

// From half of it to all of it.
std::chrono::nanoseconds WithJitter(std::chrono::nanoseconds pause) {
  std::random_device random;
  return pause / 2 + std::chrono::nanoseconds(
                         std::uniform_int_distribution<int64_t>(0, pause.count() / 2)(random));
}

std::chrono::nanoseconds PauseAfter(uint32_t failures, std::chrono::seconds first) {
  const uint32_t doubled = 1u << std::min(failures > 0 ? failures - 1 : 0, 4u);
  return WithJitter(first * std::min(doubled, kLongestPause));
}

// The URL is named already where this is shown.
std::string WithoutUrl(const std::string& message, const std::string& url) {
  const std::string prefix = http::PublicUrl(url) + ": ";
  return message.starts_with(prefix) ? message.substr(prefix.size()) : message;
}

}  // namespace

FleetLock::FleetLock(Settings settings, const std::filesystem::path& note, http::HttpPoster& server,
                     Clock& clock, Problem problem)
    : settings_(std::move(settings)),
      server_(server),
      clock_(clock),
      problem_(std::move(problem)),
      held_(note) {
  if (const Result<> loaded = held_.Load(); !loaded) spdlog::warn("{}", loaded.error().message);
}

void FleetLock::Start() {
  thread_ = std::jthread([this](const std::stop_token& stop) { Run(stop); });
}

void FleetLock::Stop() {
  if (!thread_.joinable()) return;
  thread_.request_stop();
  thread_.join();
}

Result<SlotAnswer> FleetLock::Take(Disturbance disturbance, std::stop_token stop) {
  const auto settings = settings_.Get();
  const bool asked_for = disturbance == Disturbance::kReboot || settings->live;
  if (settings->target.url.empty() || !asked_for) return SlotAnswer{.granted = true};
  if (std::optional<SlotAnswer> early = TooEarly(*settings)) return *std::move(early);
  std::optional<std::string> why = Ask(*settings, stop);
  if (stop.stop_requested()) return Fail(ErrorCode::kCancelled, "stopped while asking for a slot");
  if (why) return Refused(*settings, *std::move(why));
  const std::scoped_lock lock(mutex_);
  refusals_ = {};
  spdlog::info("took {} as {}", SlotOf(settings->target), settings->target.id);
  return SlotAnswer{.granted = true};
}

std::optional<SlotAnswer> FleetLock::TooEarly(const Settings& settings) {
  const std::scoped_lock lock(mutex_);
  const std::chrono::nanoseconds left = refusals_.ask_again - clock_.SinceBoot();
  if (refusals_.by != settings.target || left.count() <= 0) return std::nullopt;
  return SlotAnswer{.waits_for = refusals_.why, .ask_again = left, .patience = settings.patience};
}

std::optional<std::string> FleetLock::Ask(const Settings& settings, std::stop_token stop) {
  const Target& target = settings.target;
  if (target.id.empty()) return "this machine has no machine id; set fleet_lock.id";
  {
    const std::scoped_lock lock(mutex_);
    giving_back_ = false;
  }
  const std::scoped_lock wire(wire_);
  {
    const std::scoped_lock lock(mutex_);
    if (const Result<> noted = held_.Add(target); !noted) return noted.error().message;
  }
  const http::PostRequest request = MakeRequest(target, Call::kPreReboot, settings.timeout);
  const Result<http::PostAnswer> answer = server_.Post(request, std::move(stop));
  if (!answer) return WithoutUrl(answer.error().message, request.url);
  if (!IsGranted(*answer)) return Explain(*answer);
  return std::nullopt;
}

SlotAnswer FleetLock::Refused(const Settings& settings, std::string why) {
  const std::scoped_lock lock(mutex_);
  if (refusals_.by != settings.target) refusals_ = {.by = settings.target, .why = {}};
  ++refusals_.count;
  refusals_.why = SlotOf(settings.target) + ": " + std::move(why);
  const std::chrono::nanoseconds pause = PauseAfter(refusals_.count, settings.retry);
  refusals_.ask_again = clock_.SinceBoot() + pause;
  spdlog::debug("waits for {}", refusals_.why);
  return {.waits_for = refusals_.why, .ask_again = pause, .patience = settings.patience};
}

void FleetLock::Release() {
  const std::scoped_lock lock(mutex_);
  refusals_ = {};
  if (giving_back_ || (greeted_ && held_.targets().empty())) return;
  giving_back_ = true;
  pause_.request_stop();
  changed_.notify_all();
}

void FleetLock::Run(std::stop_token stop) {
  while (!stop.stop_requested()) {
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, stop, [this] { return giving_back_; });
    }
    if (stop.stop_requested() || GiveBack(stop)) continue;
    PauseBeforeRetry(stop);
  }
}

// Every slot that is noted, each where it was taken, and once the one that may be held unknown.
std::vector<Target> FleetLock::ToGiveBack(const Settings& settings) {
  const std::scoped_lock lock(mutex_);
  if (!giving_back_) return {};
  std::vector<Target> targets = held_.targets();
  const Target& own = settings.target;
  const bool unknown = !greeted_ && !own.url.empty() && !own.id.empty();
  if (unknown && std::ranges::find(targets, own) == targets.end()) targets.push_back(own);
  return targets;
}

bool FleetLock::GiveBack(std::stop_token stop) {
  const std::vector<Target> targets = ToGiveBack(*settings_.Get());
  std::string problem;
  bool all = true;
  for (const Target& target : targets) {
    const Result<> given = GiveBackOne(target, stop);
    if (stop.stop_requested()) return false;
    if (given) continue;
    all = false;
    const std::string what = SlotOf(target) + " cannot be given back: " + given.error().message;
    spdlog::debug("{}", what);
    if (IsNoted(target)) problem = what;
  }
  failures_ = all ? 0 : failures_ + 1;
  if (failures_ == 0 || failures_ >= kQuietFailures) Tell(problem);
  if (!all) return false;
  const std::scoped_lock lock(mutex_);
  greeted_ = greeted_ || !targets.empty();
  giving_back_ = giving_back_ && !held_.targets().empty();
  return true;
}

// Nothing to do where it is wanted again by now, by somebody who waits for the wire with his note
// made.
Result<> FleetLock::GiveBackOne(const Target& target, std::stop_token stop) {
  const std::scoped_lock wire(wire_);
  if (!IsGivingBack()) return {};
  const http::PostRequest request = MakeRequest(target, Call::kSteadyState, settings_->timeout);
  const Result<http::PostAnswer> answer = server_.Post(request, std::move(stop));
  if (!answer) {
    return Fail(answer.error().code, WithoutUrl(answer.error().message, request.url));
  }
  if (!IsGranted(*answer)) return Fail(ErrorCode::kUnavailable, Explain(*answer));
  const std::scoped_lock lock(mutex_);
  const auto& noted = held_.targets();
  if (!giving_back_ || std::ranges::find(noted, target) == noted.end()) return {};
  spdlog::info("gave back {}", SlotOf(target));
  return held_.Remove(target);
}

bool FleetLock::IsGivingBack() {
  const std::scoped_lock lock(mutex_);
  return giving_back_;
}

bool FleetLock::IsNoted(const Target& target) {
  const std::scoped_lock lock(mutex_);
  const auto& noted = held_.targets();
  return std::ranges::find(noted, target) != noted.end();
}

void FleetLock::Tell(const std::string& problem) {
  if (problem != told_) problem_(problem);
  told_ = problem;
}

void FleetLock::PauseBeforeRetry(std::stop_token stop) {
  std::stop_source pause;
  {
    const std::scoped_lock lock(mutex_);
    pause_ = pause;
  }
  const std::stop_callback end(stop, [&pause] { pause.request_stop(); });
  clock_.Wait(PauseAfter(failures_, settings_->retry), pause.get_token());
}

}  // namespace matic::fleetlock
