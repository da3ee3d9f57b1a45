#include "osctl/watch.h"

#include <algorithm>
#include <chrono>
#include <thread>

#include "osctl/client/schedule_end.h"
#include "osctl/render/names.h"
#include "osctl/schedule_view.h"

namespace matic::osctl {
namespace {

using namespace std::chrono_literals;
using Steady = std::chrono::steady_clock;

constexpr auto kRedraw = 250ms;
constexpr std::chrono::milliseconds kFirstRetry = 500ms;
constexpr std::chrono::milliseconds kLongestRetry = 4s;
constexpr auto kHealthInterval = 1s;
// The watch itself does not go on while this call waits.
constexpr std::chrono::milliseconds kHealthLimit = 3s;

class Watcher {
 public:
  Watcher(Session& session, Client& client, std::string id, WatchUntil until, Reached reached)
      : session_(session),
        client_(client),
        id_(std::move(id)),
        until_(until),
        ever_connected_(reached == Reached::kBefore),
        began_(Steady::now()),
        lines_(session.out(), session.terminal()),
        view_(lines_) {}

  Result<ExitCode> Run() {
    std::chrono::milliseconds retry = kFirstRetry;
    while (true) {
      v1::WatchScheduleRequest request;
      request.set_schedule_id(id_);
      connected_ = false;
      const auto watched = client_.Watch(
          request, [&](const v1::WatchScheduleResponse& message) { Changed(message); },
          [&] { return Tick(); });
      if (finished_) return End();
      if (OutOfTime()) return TimeIsOver();
      if (!watched && !MayComeBack(watched.error())) return Fail(watched.error());
      if (connected_) retry = kFirstRetry;
      lost_why_ = watched ? "the node ended the watch" : watched.error().message;
      if (!WaitWhileLost(retry)) return TimeIsOver();
      retry = std::min(retry * 2, kLongestRetry);
    }
  }

 private:
  ScheduleView::Time Now() const {
    return std::chrono::duration_cast<ScheduleView::Time>(Steady::now() - began_);
  }

  bool OutOfTime() const { return session_.timeout() && Now() >= *session_.timeout(); }

  // A node that was never reached is an error at once; one that was is waited for.
  bool MayComeBack(const Error& error) const {
    return ever_connected_ &&
           (error.code == ErrorCode::kUnavailable || error.code == ErrorCode::kDeadline ||
            error.code == ErrorCode::kCancelled);
  }

  void Changed(const v1::WatchScheduleResponse& message) {
    connected_ = ever_connected_ = true;
    // The checks' last results are worth a line before the trial's end.
    if (last_.phase() == v1::PHASE_ON_TRIAL && message.schedule().phase() != last_.phase()) {
      ShowHealth();
    }
    last_ = message.schedule();
    id_ = last_.id();
    if (session_.json()) {
      session_.PrintJson(message, JsonLayout::kOneLine);
    } else {
      view_.Update(last_, Now());
    }
    finished_ = HasEnded(last_) || EndsBefore();
  }

  bool EndsBefore() const {
    if (until_ == WatchUntil::kEnd) return false;
    if (until_ == WatchUntil::kReboot && last_.phase() == v1::PHASE_REBOOTING) return true;
    return last_.stop_after() == v1::STOP_AFTER_STAGED && last_.phase() == v1::PHASE_STAGED;
  }

  bool Tick() {
    if (finished_ || OutOfTime()) return false;
    // A connection that is being tried may take its time.
    if (!connected_ && !lost_why_.empty() && !session_.json()) view_.Lost(lost_why_, Now());
    if (connected_ && last_.phase() == v1::PHASE_ON_TRIAL && Steady::now() >= next_health_) {
      ShowHealth();
    }
    return true;
  }

  void ShowHealth() {
    if (session_.json()) return;
    next_health_ = Steady::now() + kHealthInterval;
    if (auto health = client_.GetHealth({}, kHealthLimit)) view_.UpdateHealth(*health);
  }

  // Returns false when --timeout is over before.
  bool WaitWhileLost(std::chrono::milliseconds time) {
    const auto until = Steady::now() + time;
    while (Steady::now() < until) {
      if (OutOfTime()) return false;
      if (!session_.json()) view_.Lost(lost_why_, Now());
      std::this_thread::sleep_for(kRedraw);
    }
    return true;
  }

  Result<ExitCode> TimeIsOver() {
    lines_.Keep();
    session_.Fail({ErrorCode::kDeadline,
                   "--timeout is over and " + (id_.empty() ? "the schedule" : id_) +
                       " has not ended; it goes on. osctl schedule watch follows it again"},
                  ExitCode::kFailed);
    return session_.exit_code();
  }

  Result<ExitCode> End() {
    if (!HasEnded(last_)) {
      if (session_.json()) return ExitCode::kDone;
      const bool reboots = last_.phase() == v1::PHASE_REBOOTING;
      lines_.Line(reboots ? "After the reboot: osctl schedule result"
                          : "Go on with: osctl schedule activate " + Shown(id_));
      return ExitCode::kDone;
    }
    if (!session_.json()) {
      const auto status = client_.GetStatus({});
      view_.End(last_, status ? std::optional(*status) : std::nullopt);
    }
    return OutcomeCode(last_.state());
  }

  Session& session_;
  Client& client_;
  std::string id_;
  WatchUntil until_;
  bool ever_connected_;
  Steady::time_point began_;
  LineWriter lines_;
  ScheduleView view_;
  v1::Schedule last_;
  bool connected_ = false;
  std::string lost_why_;
  bool finished_ = false;
  Steady::time_point next_health_{};
};

}  // namespace

Result<ExitCode> Watch(Session& session, Client& client, const std::string& schedule_id,
                       WatchUntil until, Reached reached) {
  return Watcher(session, client, schedule_id, until, reached).Run();
}

ExitCode OutcomeCode(v1::ScheduleState state) {
  if (state == v1::SCHEDULE_STATE_COMPLETED) return ExitCode::kDone;
  if (state == v1::SCHEDULE_STATE_ROLLED_BACK) return ExitCode::kRolledBack;
  return ExitCode::kUpdateFailed;
}

}  // namespace matic::osctl
