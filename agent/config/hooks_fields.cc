#include "agent/config/fields.h"
#include "agent/config/values.h"

namespace matic::config {
namespace {

std::vector<Field> HookFields(Hook& hook) {
  return {{"unit", Text(hook.unit, kUnit)},
          {"command", TextList(hook.command, kAnyText, 1)},
          {"required", Flag(hook.required)}};
}

std::optional<std::string> WrongHook(const Hook& hook) {
  if (hook.unit.empty() == hook.command.empty()) return "needs either `unit` or `command`";
  return std::nullopt;
}

}  // namespace

std::vector<Field> HooksFields(Hooks& hooks) {
  constexpr uint64_t kDay = 86400;
  return {{"hooks.dir", Text(hooks.dir, kPath)},
          {"hooks.deadline_seconds", Seconds(hooks.deadline, 1, kDay)},
          Items("hooks.pre", hooks.pre, HookFields, WrongHook),
          Items("hooks.post", hooks.post, HookFields, WrongHook),
          Items("hooks.rollback", hooks.rollback, HookFields, WrongHook)};
}

}  // namespace matic::config
