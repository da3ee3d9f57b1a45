#include "osctl/render/names.h"

#include <algorithm>
#include <array>

#include "lib/base/time.h"

namespace matic::osctl {
namespace {

template <typename Enum>
struct Named {
  Enum value;
  const char* name;
};

// A newer node may send values that this program has no name for.
template <typename Names, typename Enum>
std::string Find(const Names& names, Enum value, const char* otherwise) {
  const auto it = std::ranges::find(names, value, [](const auto& named) { return named.value; });
  return it == names.end() ? otherwise : it->name;
}

}  // namespace

std::string StateName(v1::ScheduleState state) {
  constexpr std::array kNames = {Named{v1::SCHEDULE_STATE_PENDING, "Pending"},
                                 Named{v1::SCHEDULE_STATE_IN_PROGRESS, "InProgress"},
                                 Named{v1::SCHEDULE_STATE_COMPLETED, "Completed"},
                                 Named{v1::SCHEDULE_STATE_FAILED, "Failed"},
                                 Named{v1::SCHEDULE_STATE_ROLLED_BACK, "RolledBack"},
                                 Named{v1::SCHEDULE_STATE_CANCELLED, "Cancelled"}};
  return Find(kNames, state, "Unknown");
}

Style StateStyle(v1::ScheduleState state) {
  if (state == v1::SCHEDULE_STATE_COMPLETED) return Style::kGood;
  if (state == v1::SCHEDULE_STATE_FAILED) return Style::kBad;
  if (state == v1::SCHEDULE_STATE_ROLLED_BACK) return Style::kWarning;
  return Style::kPlain;
}

std::string PhaseName(v1::Phase phase) {
  constexpr std::array kNames = {
      Named{v1::PHASE_WAITING, "Waiting"},       Named{v1::PHASE_CHECKING, "Checking"},
      Named{v1::PHASE_FETCHING, "Fetching"},     Named{v1::PHASE_BUILDING, "Building"},
      Named{v1::PHASE_STAGING, "Staging"},       Named{v1::PHASE_VERIFYING, "Verifying"},
      Named{v1::PHASE_STAGED, "Staged"},         Named{v1::PHASE_ACTIVATING, "Activating"},
      Named{v1::PHASE_REBOOTING, "Rebooting"},   Named{v1::PHASE_ON_TRIAL, "On trial"},
      Named{v1::PHASE_CONFIRMING, "Confirming"}, Named{v1::PHASE_ROLLING_BACK, "Rolling back"}};
  return Find(kNames, phase, "");
}

std::string HealthName(v1::HealthState state) {
  constexpr std::array kNames = {Named{v1::HEALTH_STATE_HEALTHY, "HEALTHY"},
                                 Named{v1::HEALTH_STATE_DEGRADED, "DEGRADED"},
                                 Named{v1::HEALTH_STATE_UNHEALTHY, "UNHEALTHY"}};
  return Find(kNames, state, "UNKNOWN");
}

Style HealthStyle(v1::HealthState state) {
  if (state == v1::HEALTH_STATE_HEALTHY) return Style::kGood;
  if (state == v1::HEALTH_STATE_UNHEALTHY) return Style::kBad;
  return Style::kWarning;
}

std::string KindName(v1::RollbackKind kind) {
  if (kind == v1::ROLLBACK_KIND_AUTOMATIC) return "Automatic";
  if (kind == v1::ROLLBACK_KIND_MANUAL) return "Manual";
  return "Unknown";
}

std::string TimeText(const google::protobuf::Timestamp& time) {
  if (time.seconds() == 0) return "-";
  return FormatTime(WallTime(std::chrono::seconds(time.seconds())));
}

std::string Shown(std::string_view text) {
  if (text.empty()) return "-";
  std::string shown(text);
  for (char& c : shown) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = '?';
  }
  return shown;
}

}  // namespace matic::osctl
