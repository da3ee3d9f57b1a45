#include "agent/prechecks/prechecks.h"

#include <array>
#include <utility>

#include "agent/prechecks/checks.h"

namespace matic::prechecks {
namespace {

struct Check {
  std::string_view name;
  Reason (*run)(const Situation&);
};

// Those that ask other programs come last.
constexpr std::array<Check, 12> kChecks = {{
    {"space", Space},
    {"disk", Disk},
    {"load", Load},
    {"memory", Memory},
    {"uptime", Uptime},
    {"battery", Battery},
    {"packages", PackageWork},
    {"switch-lock", SwitchLock},
    {"services", Services},
    {"system", System},
    {"metered", Metered},
    {"backup", Backup},
}};

constexpr auto kNames = [] {
  std::array<std::string_view, kChecks.size()> names;
  for (size_t i = 0; i < kChecks.size(); ++i) names[i] = kChecks[i].name;
  return names;
}();

}  // namespace

std::span<const std::string_view> Names() { return kNames; }

Prechecks::Prechecks(config::Prechecks wanted, Machine machine, ProcessRunner& processes,
                     const Clock& clock)
    : wanted_(std::move(wanted)),
      machine_(std::move(machine)),
      processes_(processes),
      clock_(clock) {}

std::vector<Refusal> Prechecks::Run(const std::set<std::string>& overridden,
                                    std::stop_token stop) const {
  const auto wanted = wanted_.Get();
  const Situation now{*wanted, machine_, processes_, clock_, stop};
  std::vector<Refusal> refusals;
  for (const Check& check : kChecks) {
    const std::string name(check.name);
    if (overridden.contains(name) || stop.stop_requested()) continue;
    if (auto reason = check.run(now)) refusals.push_back({name, std::move(*reason)});
  }
  return refusals;
}

}  // namespace matic::prechecks
