#include "osctl/client/schedule_end.h"

namespace matic::osctl {

bool HasEnded(const v1::Schedule& schedule) {
  const v1::ScheduleState state = schedule.state();
  if (state == v1::SCHEDULE_STATE_PENDING || state == v1::SCHEDULE_STATE_IN_PROGRESS) return false;
  const bool known = state == v1::SCHEDULE_STATE_COMPLETED || state == v1::SCHEDULE_STATE_FAILED ||
                     state == v1::SCHEDULE_STATE_ROLLED_BACK ||
                     state == v1::SCHEDULE_STATE_CANCELLED;
  return known || schedule.phase() == v1::PHASE_UNSPECIFIED;
}

}  // namespace matic::osctl
