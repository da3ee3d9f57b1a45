#include "agent/api/rules.h"

#include <algorithm>
#include <array>

namespace matic::api {
namespace {

using rpc::Role;

constexpr std::array kRules = {
    MethodRule{"GetStatus", Role::kReader, false},
    MethodRule{"ScheduleUpdate", Role::kOperator, true},
    MethodRule{"PlanUpdate", Role::kOperator, false},
    MethodRule{"ActivateUpdate", Role::kOperator, true},
    MethodRule{"GetScheduleStatus", Role::kReader, false},
    MethodRule{"ListSchedules", Role::kReader, false},
    MethodRule{"CancelSchedule", Role::kOperator, true},
    MethodRule{"WatchSchedule", Role::kReader, false},
    MethodRule{"GetHealth", Role::kReader, false},
    MethodRule{"TriggerRollback", Role::kOperator, true},
    MethodRule{"GetRollbackHistory", Role::kReader, false},
    MethodRule{"GetHistory", Role::kReader, false},
    MethodRule{"Reboot", Role::kOperator, true},
    MethodRule{"AcquireLease", Role::kOperator, true},
    MethodRule{"ReleaseLease", Role::kOperator, true},
    MethodRule{"StopRun", Role::kOperator, true},
};

}  // namespace

std::span<const MethodRule> MethodRules() { return kRules; }

const MethodRule* FindRule(std::string_view method) {
  const auto* it = std::ranges::find(kRules, method, &MethodRule::method);
  return it == kRules.end() ? nullptr : it;
}

Result<> Authorise(const Identity& identity, std::string_view method) {
  const MethodRule* rule = FindRule(method);
  if (rule == nullptr) {
    return Fail(ErrorCode::kPermission, "nobody may call " + std::string(method));
  }
  if (!identity.role && !identity.why_no_role.empty()) {
    return Fail(ErrorCode::kPermission, identity.description + ": " + identity.why_no_role);
  }
  if (!identity.role) {
    return Fail(ErrorCode::kPermission,
                identity.description +
                    " has no role: the certificate must carry exactly one of the "
                    "URIs urn:matic:role:reader, :operator, :admin");
  }
  if (*identity.role < rule->role) {
    return Fail(ErrorCode::kPermission, identity.description + " may not call " +
                                            std::string(method) + ": it takes the role " +
                                            std::string(rpc::RoleName(rule->role)));
  }
  return {};
}

}  // namespace matic::api
