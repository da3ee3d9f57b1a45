#include "tests/fleet/simulated_node.h"

#include <algorithm>
#include <utility>

#include "lib/base/names.h"

namespace matic::fleetsim {
namespace {

constexpr uint64_t kImageBytes = 200u << 20;
constexpr int kSlowness = 10;

constexpr Names<Fault, 9> kFaults = {{
    {Fault::kNone, "none"},
    {Fault::kOffline, "offline"},
    {Fault::kSlow, "slow"},
    {Fault::kSick, "sick"},
    {Fault::kUnhealthy, "unhealthy"},
    {Fault::kDies, "dies"},
    {Fault::kOldSystem, "old-system"},
    {Fault::kStagingFails, "staging-fails"},
    {Fault::kLies, "lies"},
}};

}  // namespace

std::string_view FaultName(Fault fault) { return NameIn(kFaults, fault); }
std::optional<Fault> ParseFault(std::string_view name) { return ValueIn(kFaults, name); }

int64_t WallSeconds() {
  return std::chrono::duration_cast<std::chrono::seconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

SimulatedNode::SimulatedNode(std::string name, Pace pace) : name_(std::move(name)), pace_(pace) {
  slots_[0] = {std::string(kOldVersion), OldDigest()};
}

std::chrono::milliseconds SimulatedNode::StageTime() const {
  return fault_ == Fault::kSlow ? pace_.stage * kSlowness : pace_.stage;
}

// Empty: it is. A source without a name is a channel of its own.
std::string SimulatedNode::WhyNotStaged() {
  if (fault_ == Fault::kStagingFails) return newest().source() + ": HTTP 404";
  const std::string& source = newest().source();
  const bool manifest = source.empty() || source.ends_with(".json");
  if (!manifest || fault_ == Fault::kLies || newest().sha256() == NewDigest()) return {};
  return source + ": the manifest's image has the SHA-256 " + NewDigest() + ", and " +
         newest().sha256() + " was asked for";
}

void SimulatedNode::Enter(Doing doing, Moment since) {
  doing_ = doing;
  since_ = since;
}

void SimulatedNode::BootInto(size_t slot) {
  running_ = slot;
  ++boots_;
  ++counts_.reboots;
}

void SimulatedNode::End(v1::ScheduleState state, const std::string& reason) {
  newest().set_state(state);
  newest().set_reason(reason);
  newest().mutable_updated()->set_seconds(WallSeconds());
}

void SimulatedNode::GoBack(v1::ScheduleState end, const std::string& reason, Moment now) {
  end_ = end;
  end_reason_ = reason;
  ++counts_.went_back;
  Enter(Doing::kGoingBack, now);
}

void SimulatedNode::Advance(Moment now) {
  while (Step(now)) {
  }
}

bool SimulatedNode::Step(Moment now) {
  const auto passed = [&](std::chrono::milliseconds time) { return now - since_ >= time; };
  switch (doing_) {
    case Doing::kNothing:
    case Doing::kStaged:
      return false;
    case Doing::kStaging:
      if (!passed(StageTime())) return false;
      if (const std::string why = WhyNotStaged(); !why.empty()) {
        End(v1::SCHEDULE_STATE_FAILED, why);
        Enter(Doing::kNothing, now);
        return true;
      }
      ++counts_.staged;
      slots_[1 - running_] = {newest().version(), newest().sha256()};
      Enter(Doing::kStaged, since_ + StageTime());
      if (newest().stop_after() != v1::STOP_AFTER_STAGED) {
        ++counts_.activated;
        Enter(Doing::kRebooting, since_);
      }
      return true;
    case Doing::kRebooting:
      if (!passed(pace_.reboot)) return false;
      if (fault_ == Fault::kDies) {
        Enter(Doing::kAway, now);
        return true;
      }
      if (fault_ == Fault::kOldSystem) {
        BootInto(running_);
        ++counts_.went_back;
        End(v1::SCHEDULE_STATE_ROLLED_BACK, "the new system did not start");
        Enter(Doing::kNothing, now);
        return true;
      }
      BootInto(1 - running_);
      Enter(Doing::kOnTrial, since_ + pace_.reboot);
      return true;
    case Doing::kAway:
      if (fault_ == Fault::kDies) return false;
      BootInto(1 - running_);
      Enter(Doing::kOnTrial, now);
      return true;
    case Doing::kOnTrial:
      if (!passed(pace_.trial)) return false;
      if (fault_ == Fault::kSick) {
        GoBack(v1::SCHEDULE_STATE_ROLLED_BACK, "health check app: exit code 1",
               since_ + pace_.trial);
        return true;
      }
      End(v1::SCHEDULE_STATE_COMPLETED, "");
      Enter(Doing::kNothing, now);
      return true;
    case Doing::kGoingBack:
      if (!passed(pace_.reboot)) return false;
      BootInto(1 - running_);
      if (IsOpen()) End(end_, end_reason_);
      Enter(Doing::kNothing, now);
      return true;
    case Doing::kRestarting:
      if (!passed(pace_.reboot)) return false;
      BootInto(running_);
      Enter(IsOpen() ? Doing::kStaged : Doing::kNothing, now);
      return true;
  }
  return false;
}

Result<> SimulatedNode::Arrive(Moment now) {
  Advance(now);
  const bool gone = fault_ == Fault::kOffline || doing_ == Doing::kRebooting ||
                    doing_ == Doing::kGoingBack || doing_ == Doing::kRestarting ||
                    doing_ == Doing::kAway;
  if (!gone) return {};
  ++counts_.unanswered;
  return Fail(ErrorCode::kUnavailable, "cannot reach " + name_);
}

bool SimulatedNode::IsOpen() const {
  return !schedules_.empty() && schedules_.back().state() == v1::SCHEDULE_STATE_IN_PROGRESS;
}

v1::ScheduleState SimulatedNode::newest_state() const {
  return schedules_.empty() ? v1::SCHEDULE_STATE_UNSPECIFIED : schedules_.back().state();
}

v1::Phase SimulatedNode::PhaseAt(Moment now) const {
  if (!IsOpen()) return v1::PHASE_UNSPECIFIED;
  switch (doing_) {
    case Doing::kNothing:
      return v1::PHASE_UNSPECIFIED;
    case Doing::kStaging:
      return now - since_ < StageTime() * 3 / 4 ? v1::PHASE_FETCHING : v1::PHASE_VERIFYING;
    case Doing::kStaged:
    case Doing::kRestarting:
      return v1::PHASE_STAGED;
    case Doing::kRebooting:
    case Doing::kAway:
      return v1::PHASE_REBOOTING;
    case Doing::kOnTrial:
      return v1::PHASE_ON_TRIAL;
    case Doing::kGoingBack:
      return v1::PHASE_ROLLING_BACK;
  }
  return v1::PHASE_UNSPECIFIED;
}

v1::Schedule SimulatedNode::Shown(Moment now) const {
  v1::Schedule schedule = schedules_.back();
  schedule.set_phase(PhaseAt(now));
  if (schedule.phase() == v1::PHASE_FETCHING) {
    const auto part = std::chrono::duration<double>(now - since_) / (StageTime() * 0.75);
    schedule.mutable_progress()->set_bytes_total(kImageBytes);
    schedule.mutable_progress()->set_bytes_done(
        static_cast<uint64_t>(static_cast<double>(kImageBytes) * std::clamp(part, 0.0, 1.0)));
  }
  return schedule;
}

}  // namespace matic::fleetsim
