// The limits of what a request may say, checked before anything else looks at it.
#pragma once

#include <cstdint>

#include "lib/base/result.h"
#include "matic/v1/node.pb.h"

namespace matic::api {

inline constexpr size_t kMaxSourceBytes = 2048;
inline constexpr size_t kMaxReasonBytes = 1024;
inline constexpr size_t kMaxRequestIdBytes = 128;
inline constexpr size_t kMaxScheduleIdBytes = 64;
inline constexpr int kMaxForced = 32;
inline constexpr int kMaxInputs = 64;
inline constexpr int kMaxHooks = 32;  // of each kind
inline constexpr uint32_t kMaxRebootDelaySeconds = 86400;
inline constexpr size_t kMaxNameBytes = 64;
inline constexpr uint32_t kMaxHealthTimeoutSeconds = 86400;
inline constexpr uint32_t kDefaultListLimit = 50;
inline constexpr uint32_t kMaxListLimit = 500;
inline constexpr uint32_t kMaxStatusEvents = 100;

// kInvalidArgument, naming the field and what is wrong with it.
Result<> Validate(const v1::GetStatusRequest& request);
Result<> Validate(const v1::ScheduleUpdateRequest& request);
Result<> Validate(const v1::PlanUpdateRequest& request);
Result<> Validate(const v1::ActivateUpdateRequest& request);
Result<> Validate(const v1::GetScheduleStatusRequest& request);
Result<> Validate(const v1::ListSchedulesRequest& request);
Result<> Validate(const v1::CancelScheduleRequest& request);
Result<> Validate(const v1::WatchScheduleRequest& request);
Result<> Validate(const v1::GetHealthRequest& request);
Result<> Validate(const v1::TriggerRollbackRequest& request);
Result<> Validate(const v1::GetRollbackHistoryRequest& request);
Result<> Validate(const v1::GetHistoryRequest& request);
Result<> Validate(const v1::RebootRequest& request);
Result<> Validate(const v1::AcquireLeaseRequest& request);
Result<> Validate(const v1::ReleaseLeaseRequest& request);
Result<> Validate(const v1::StopRunRequest& request);

}  // namespace matic::api
