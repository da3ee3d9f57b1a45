// The engine's values as messages, and requests as the engine's values. Requests are valid already.
#pragma once

#include <string>

#include "agent/api/channel_look.h"
#include "agent/engine/engine.h"
#include "matic/v1/node.pb.h"

namespace matic::api {

engine::ScheduleRequest ToScheduleRequest(const v1::ScheduleUpdateRequest& request);

v1::Schedule ToMessage(const engine::Schedule& schedule);
v1::Lease ToMessage(const engine::Lease& lease);
v1::PlanUpdateResponse ToMessage(const engine::Plan& plan);
v1::RollbackRecord ToMessage(const engine::RollbackRecord& record);
v1::HistoryEvent ToMessage(const engine::HistoryEvent& event);
v1::GetHealthResponse ToMessage(const health::Report& report);
v1::ChannelStatus ToMessage(const ChannelLook& look);
v1::GetStatusResponse ToMessage(const engine::Status& status);

google::protobuf::Timestamp ToTimestamp(WallTime time);

}  // namespace matic::api
