#include "agent/engine/run_lease.h"

#include <nlohmann/json.hpp>
#include <utility>

namespace matic::engine {
namespace {

using Json = nlohmann::json;

constexpr size_t kMaxFileBytes = 64 * 1024;

std::string Holder(const Lease& lease) {
  const std::string run = "run " + lease.run;
  // It may have been stopped before it came here.
  return lease.holder.empty() ? run : run + " of fleet " + lease.fleet + " (" + lease.holder + ")";
}

std::string StoppedText(const Lease& lease) {
  return Holder(lease) + " was stopped by " + lease.stopped_by + " at " + FormatTime(lease.stopped);
}

Json ToJson(const Lease& lease) {
  Json json = {{"fleet", lease.fleet},
               {"run", lease.run},
               {"holder", lease.holder},
               {"until", FormatTime(lease.until)}};
  if (!lease.stopped_by.empty()) {
    json["stopped_by"] = lease.stopped_by;
    json["stopped"] = FormatTime(lease.stopped);
  }
  return json;
}

// Throws as the library does.
Result<Lease> LeaseFrom(const Json& json) {
  if (json.empty()) return Lease{};  // released
  Lease lease{.fleet = json.at("fleet"), .run = json.at("run"), .holder = json.at("holder")};
  MATIC_ASSIGN(lease.until, ParseTime(json.at("until").get<std::string>()));
  lease.stopped_by = json.value("stopped_by", "");
  if (!lease.stopped_by.empty()) {
    MATIC_ASSIGN(lease.stopped, ParseTime(json.at("stopped").get<std::string>()));
  }
  return lease;
}

Result<Lease> ParseLease(const Json& json) {
  try {
    return LeaseFrom(json);
  } catch (const Json::exception& error) {
    return Fail(ErrorCode::kCorrupt, error.what());
  }
}

}  // namespace

RunLease::RunLease(std::filesystem::path file, Clock& clock)
    : file_(std::move(file), kMaxFileBytes), clock_(clock) {}

std::string RunLease::Load() {
  const std::scoped_lock lock(mutex_);
  const std::string what = "which fleet's run holds this machine cannot be told: ";
  const Result<std::optional<Json>> kept = file_.Load();
  if (!kept) return what + kept.error().message;
  if (!*kept) return {};
  Result<Lease> lease = ParseLease(**kept);
  if (!lease) return what + file_.Reject(lease.error().message).message;
  if (!lease->run.empty()) lease_ = std::move(*lease);
  return {};
}

// One that would last longer than any is given was taken before the clock was set back.
bool RunLease::IsOver(const Lease& lease) const {
  const WallTime now = clock_.Now();
  return lease.stopped_by.empty() && (lease.until <= now || lease.until > now + kLongestLease);
}

std::optional<Lease> RunLease::Current() const {
  const std::scoped_lock lock(mutex_);
  if (!lease_ || IsOver(*lease_)) return std::nullopt;
  return lease_;
}

Result<> RunLease::Keep(std::optional<Lease> lease) {
  MATIC_TRY(file_.Save((lease ? ToJson(*lease) : Json::object()).dump(1) + "\n"));
  lease_ = std::move(lease);
  return {};
}

Result<Lease> RunLease::Acquire(const LeaseRequest& request) {
  const std::scoped_lock lock(mutex_);
  if (lease_ && lease_->run == request.run && !lease_->stopped_by.empty()) {
    return Fail(ErrorCode::kRefused, StoppedText(*lease_) + "; start another run");
  }
  const bool held =
      lease_ && lease_->run != request.run && lease_->stopped_by.empty() && !IsOver(*lease_);
  if (held) {
    return Fail(ErrorCode::kRefused, Holder(*lease_) + " holds this machine until " +
                                         FormatTime(lease_->until) +
                                         "; wait for its end, or stop it (osctl fleet stop)");
  }
  Lease lease{.fleet = request.fleet,
              .run = request.run,
              .holder = request.holder,
              .until = std::chrono::floor<std::chrono::seconds>(clock_.Now()) + request.duration};
  MATIC_TRY(Keep(lease));
  return lease;
}

Result<> RunLease::Release(const std::string& run) {
  const std::scoped_lock lock(mutex_);
  // That a run was stopped is remembered until another one comes.
  if (!lease_ || lease_->run != run || !lease_->stopped_by.empty()) return {};
  return Keep(std::nullopt);
}

Result<Lease> RunLease::Stop(const std::string& run, const std::string& by) {
  const std::scoped_lock lock(mutex_);
  const bool holds = lease_ && (run.empty() || lease_->run == run);
  if (!holds && run.empty()) {
    return Fail(ErrorCode::kNotFound, "no run of a fleet holds this machine");
  }
  if (!holds && lease_ && lease_->stopped_by.empty() && !IsOver(*lease_)) {
    return Fail(ErrorCode::kNotFound,
                "run " + run + " does not hold this machine; " + Holder(*lease_) + " does");
  }
  if (holds && !lease_->stopped_by.empty()) return *lease_;
  const WallTime now = std::chrono::floor<std::chrono::seconds>(clock_.Now());
  Lease lease = holds ? *lease_ : Lease{.fleet = {}, .run = run, .holder = {}, .until = now};
  lease.stopped_by = by;
  lease.stopped = now;
  MATIC_TRY(Keep(lease));
  return lease;
}

Result<> RunLease::Check(const std::string& run) const {
  const std::scoped_lock lock(mutex_);
  if (run.empty()) return {};
  if (!lease_ || lease_->run != run) {
    return Fail(ErrorCode::kRefused,
                "run " + run + " does not hold this machine" +
                    (lease_ && !IsOver(*lease_) ? "; " + Holder(*lease_) + " does" : ""));
  }
  if (!lease_->stopped_by.empty()) return Fail(ErrorCode::kRefused, StoppedText(*lease_));
  return {};
}

Result<> RunLease::CheckByHand(const std::string& run) const {
  const std::scoped_lock lock(mutex_);
  if (run.empty() || !lease_) return {};
  if (!lease_->stopped_by.empty()) {
    if (lease_->run != run) return {};
    return Fail(ErrorCode::kRefused, StoppedText(*lease_));
  }
  if (lease_->run == run || IsOver(*lease_)) return {};
  return Fail(ErrorCode::kRefused, Holder(*lease_) + " holds this machine until " +
                                       FormatTime(lease_->until) +
                                       "; wait for its end, or stop it (osctl fleet stop)");
}

}  // namespace matic::engine
