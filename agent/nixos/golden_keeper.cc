#include "agent/nixos/golden_keeper.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

namespace matic::nixos {
namespace {

constexpr std::chrono::seconds kLongestPause{600};
constexpr std::chrono::seconds kShortestPause{2};
// Looks that must find it healthy in its time.
constexpr int kLooks = 8;

}  // namespace

GoldenKeeper::GoldenKeeper(NixosBackend& backend, std::function<bool()> is_healthy, Clock& clock)
    : backend_(backend), is_healthy_(std::move(is_healthy)), clock_(clock) {}

GoldenKeeper::~GoldenKeeper() { Stop(); }

void GoldenKeeper::Configure(std::chrono::seconds golden_after) {
  const std::scoped_lock lock(mutex_);
  golden_after_ = golden_after;
}

void GoldenKeeper::Start() {
  thread_ = std::jthread([this](std::stop_token stop) { Run(std::move(stop)); });
}

void GoldenKeeper::Stop() {
  if (!thread_.joinable()) return;
  thread_.request_stop();
  thread_.join();
}

void GoldenKeeper::Run(std::stop_token stop) {
  while (!stop.stop_requested()) {
    if (!clock_.Wait(Look(), stop)) return;
  }
}

std::chrono::seconds GoldenKeeper::Look() {
  std::chrono::seconds golden_after{0};
  {
    const std::scoped_lock lock(mutex_);
    golden_after = golden_after_;
  }
  if (golden_after.count() == 0) return kLongestPause;
  const auto pause = std::clamp(golden_after / kLooks, kShortestPause, kLongestPause);
  const auto running = backend_.ConfirmedRunning();
  if (!running || !*running || (*running)->golden) return pause;
  const WallTime now = clock_.Now();
  if (watched_ != (*running)->system) {
    watched_ = (*running)->system;
    healthy_since_ = std::min((*running)->since, now);
  }
  if (!is_healthy_()) {
    healthy_since_ = now;
    return pause;
  }
  if (now - healthy_since_ < golden_after) return pause;
  if (const Result<> pinned = backend_.MakeGolden(watched_); pinned) {
    spdlog::info("{} has run healthy for {} s: it is golden now", watched_.filename().string(),
                 golden_after.count());
  } else {
    spdlog::warn("{}", pinned.error().message);
  }
  return pause;
}

}  // namespace matic::nixos
