#include "agent/api/validation.h"

#include <algorithm>
#include <string>
#include <string_view>

#include "agent/api/timing.h"
#include "agent/engine/run_lease.h"
#include "lib/base/hex.h"

namespace matic::api {
namespace {

constexpr size_t kSha256HexDigits = 64;
constexpr int64_t kLatestSeconds = 7258118399;  // the end of 2199

bool IsControl(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

Result<> CheckText(std::string_view field, std::string_view text, size_t limit) {
  if (text.size() > limit) {
    return Fail(ErrorCode::kInvalidArgument, std::string(field) + " has " +
                                                 std::to_string(text.size()) + " bytes; at most " +
                                                 std::to_string(limit) + " are taken");
  }
  if (std::ranges::any_of(text, IsControl)) {
    return Fail(ErrorCode::kInvalidArgument,
                std::string(field) + " has a line break or another control character");
  }
  return {};
}

Result<> CheckScheduleId(std::string_view id, bool may_be_empty) {
  if (id.empty() && !may_be_empty) {
    return Fail(ErrorCode::kInvalidArgument, "schedule_id is missing");
  }
  return CheckText("schedule_id", id, kMaxScheduleIdBytes);
}

Result<> CheckSha256(const std::string& sha256) {
  if (sha256.size() != kSha256HexDigits) {
    return Fail(ErrorCode::kInvalidArgument,
                "sha256 has " + std::to_string(sha256.size()) + " characters, not 64 hex digits");
  }
  if (auto bytes = HexDecode(sha256); !bytes) return Fail(bytes.error().Context("sha256"));
  return {};
}

Result<> CheckRun(std::string_view run, bool may_be_empty) {
  if (run.empty() && !may_be_empty) return Fail(ErrorCode::kInvalidArgument, "run is missing");
  return CheckText("run", run, kMaxNameBytes);
}

Result<> CheckNames(std::string_view field,
                    const google::protobuf::RepeatedPtrField<std::string>& names) {
  if (names.size() > kMaxHooks) {
    return Fail(ErrorCode::kInvalidArgument,
                std::string(field) + " has more than " + std::to_string(kMaxHooks) + " names");
  }
  for (const std::string& name : names) MATIC_TRY(CheckText(field, name, kMaxSourceBytes));
  return {};
}

Result<> CheckLimit(uint32_t limit) {
  if (limit <= kMaxListLimit) return {};
  return Fail(ErrorCode::kInvalidArgument,
              "limit is " + std::to_string(limit) + "; at most 500 are given at once");
}

}  // namespace

Result<> Validate(const v1::GetStatusRequest& request) {
  if (request.events() <= kMaxStatusEvents) return {};
  return Fail(ErrorCode::kInvalidArgument, "events is " + std::to_string(request.events()) +
                                               "; at most " + std::to_string(kMaxStatusEvents) +
                                               " come with the status");
}

Result<> Validate(const v1::ScheduleUpdateRequest& request) {
  // What a source must look like is for the backend to say.
  MATIC_TRY(CheckText("source", request.source(), kMaxSourceBytes));
  if (!request.sha256().empty()) MATIC_TRY(CheckSha256(request.sha256()));
  if (request.health_check_timeout_seconds() > kMaxHealthTimeoutSeconds) {
    return Fail(ErrorCode::kInvalidArgument,
                "health_check_timeout_seconds is longer than a day (86400)");
  }
  if (!v1::StopAfter_IsValid(request.stop_after())) {
    return Fail(ErrorCode::kInvalidArgument,
                "stop_after has the unknown value " + std::to_string(request.stop_after()));
  }
  MATIC_TRY(CheckRun(request.run(), true));
  if (!v1::UpdateMode_IsValid(request.mode())) {
    return Fail(ErrorCode::kInvalidArgument,
                "mode has the unknown value " + std::to_string(request.mode()));
  }
  if (request.inputs_size() > kMaxInputs) {
    return Fail(ErrorCode::kInvalidArgument,
                "inputs has more than " + std::to_string(kMaxInputs) + " names");
  }
  for (const std::string& name : request.inputs()) {
    MATIC_TRY(CheckText("inputs", name, kMaxNameBytes));
  }
  if (request.force_size() > kMaxForced) {
    return Fail(ErrorCode::kInvalidArgument,
                "force has more than " + std::to_string(kMaxForced) + " names");
  }
  for (const std::string& name : request.force())
    MATIC_TRY(CheckText("force", name, kMaxNameBytes));
  MATIC_TRY(ToRules(request.timing()));
  if (request.timing().reboot_delay_seconds() > kMaxRebootDelaySeconds) {
    return Fail(ErrorCode::kInvalidArgument,
                "timing.reboot_delay_seconds is longer than a day (86400)");
  }
  MATIC_TRY(CheckNames("hooks.pre", request.hooks().pre()));
  MATIC_TRY(CheckNames("hooks.post", request.hooks().post()));
  MATIC_TRY(CheckNames("hooks.rollback", request.hooks().rollback()));
  MATIC_TRY(CheckText("comment", request.comment(), kMaxReasonBytes));
  return CheckText("request_id", request.request_id(), kMaxRequestIdBytes);
}

Result<> Validate(const v1::PlanUpdateRequest& request) { return Validate(request.update()); }

Result<> Validate(const v1::ActivateUpdateRequest& request) {
  MATIC_TRY(CheckRun(request.run(), true));
  return CheckScheduleId(request.schedule_id(), false);
}

Result<> Validate(const v1::GetScheduleStatusRequest& request) {
  return CheckScheduleId(request.schedule_id(), true);
}

Result<> Validate(const v1::ListSchedulesRequest& request) { return CheckLimit(request.limit()); }

Result<> Validate(const v1::CancelScheduleRequest& request) {
  MATIC_TRY(CheckScheduleId(request.schedule_id(), false));
  return CheckText("reason", request.reason(), kMaxReasonBytes);
}

Result<> Validate(const v1::WatchScheduleRequest& request) {
  return CheckScheduleId(request.schedule_id(), true);
}

Result<> Validate(const v1::GetHealthRequest&) { return {}; }

Result<> Validate(const v1::TriggerRollbackRequest& request) {
  if (request.to_golden() && request.to_generation() != 0) {
    return Fail(ErrorCode::kInvalidArgument, "to_generation and to_golden exclude each other");
  }
  return CheckText("reason", request.reason(), kMaxReasonBytes);
}

Result<> Validate(const v1::GetRollbackHistoryRequest& request) {
  return CheckLimit(request.limit());
}

Result<> Validate(const v1::GetHistoryRequest& request) {
  if (request.since().seconds() < 0 || request.since().seconds() > kLatestSeconds) {
    return Fail(ErrorCode::kInvalidArgument, "since is no moment of the years 1970 to 2199");
  }
  return CheckLimit(request.limit());
}

Result<> Validate(const v1::RebootRequest& request) {
  return CheckText("reason", request.reason(), kMaxReasonBytes);
}

Result<> Validate(const v1::AcquireLeaseRequest& request) {
  MATIC_TRY(CheckRun(request.run(), false));
  MATIC_TRY(CheckText("fleet", request.fleet(), kMaxNameBytes));
  MATIC_TRY(CheckText("holder", request.holder(), kMaxReasonBytes));
  const std::chrono::seconds duration(request.seconds());
  if (duration >= engine::kShortestLease && duration <= engine::kLongestLease) return {};
  return Fail(ErrorCode::kInvalidArgument, "seconds is " + std::to_string(request.seconds()) +
                                               "; a lease lasts from 10 to 86400");
}

Result<> Validate(const v1::ReleaseLeaseRequest& request) { return CheckRun(request.run(), false); }

Result<> Validate(const v1::StopRunRequest& request) { return CheckRun(request.run(), true); }

}  // namespace matic::api
