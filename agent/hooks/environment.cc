#include "agent/hooks/environment.h"

#include "lib/os/clean_environment.h"
#include "lib/os/output_tail.h"

namespace matic::hooks {
namespace {

constexpr size_t kMaxValue = 4096;

}  // namespace

std::vector<std::string> MakeEnvironment(Stage stage, const Context& context) {
  std::vector<std::string> environment = CleanEnvironment();
  const auto set = [&](const char* name, std::string_view value) {
    if (value.empty()) return;
    environment.push_back(std::string(name) + "=" + CleanText(value.substr(0, kMaxValue)));
  };
  set("MATIC_HOOK", StageName(stage));
  set("MATIC_SCHEDULE_ID", context.schedule_id);
  set("MATIC_SOURCE", context.source);
  set("MATIC_TARGET", context.target);
  set("MATIC_VERSION", context.version);
  set("MATIC_DIGEST", context.digest);
  set("MATIC_PREVIOUS", context.previous);
  set("MATIC_PREVIOUS_VERSION", context.previous_version);
  set("MATIC_REASON", context.reason);
  return environment;
}

std::string EnvironmentFileText(const std::vector<std::string>& environment) {
  std::string text;
  for (const std::string& variable : environment) {
    const size_t equals = variable.find('=');
    // A unit's own PATH and the like are systemd's business.
    if (!variable.starts_with("MATIC_")) continue;
    text += variable.substr(0, equals) + "=\"";
    for (const char c : variable.substr(equals + 1)) {
      if (c == '"' || c == '\\' || c == '`' || c == '$') text += '\\';
      text += c;
    }
    text += "\"\n";
  }
  return text;
}

}  // namespace matic::hooks
