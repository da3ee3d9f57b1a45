// Times as people write them. The input is one text: what is taken is written in the one form that
// it is shown in, and that form is taken for the same again. Its lines are rules too: a field each.

#include <optional>

#include "lib/calendar/date_range.h"
#include "lib/calendar/decide.h"
#include "lib/calendar/moment.h"
#include "lib/calendar/rules.h"
#include "lib/calendar/window.h"
#include "tests/fuzz/input.h"

namespace {

using namespace matic;
using namespace matic::calendar;

constexpr WallTime kNow{std::chrono::hours(24 * 20850)};  // in 2027

void TryTexts(const std::string& text) {
  if (const auto window = ParseWindow(text)) {
    FUZZ_CLAIM(window->weekdays.any() && window->begin < window->end);
    FUZZ_CLAIM(window->end - window->begin <= std::chrono::hours(24));
    const auto back = ParseWindow(FormatWindow(*window));
    FUZZ_CLAIM(back && *back == *window);
  }
  if (const auto range = ParseDateRange(text)) {
    FUZZ_CLAIM(range->first.ok() && range->last.ok() && range->first <= range->last);
    const auto back = ParseDateRange(FormatDateRange(*range));
    FUZZ_CLAIM(back && *back == *range);
  }
  if (const auto duration = ParseDuration(text)) {
    FUZZ_CLAIM(duration->count() >= 0);
    const auto back = ParseDuration(FormatDuration(*duration));
    FUZZ_CLAIM(back && *back == *duration);
  }
  for (const char* zone : {"UTC", "Europe/Berlin"}) {
    if (const auto time = calendar::ParseTime(text, zone)) {
      FUZZ_CLAIM(*time >= WallTime{} && !calendar::FormatTime(*time, zone).empty());
    }
  }
  (void)CheckZone(text);
}

RulesText RulesTextOf(fuzz::Input& input) {
  RulesText rules;
  rules.emergency = input.Flag();
  rules.timezone = input.Line();
  rules.at = input.Line();
  rules.not_before = input.Line();
  rules.not_after = input.Line();
  rules.random_delay = input.Line();
  rules.minimum_uptime = input.Line();
  std::vector<std::string>* const lists[] = {&rules.windows, &rules.download_windows,
                                             &rules.install_windows, &rules.reboot_windows,
                                             &rules.blackouts};
  while (!input.empty()) {
    const std::string line = input.Line();
    if (line.empty()) continue;
    lists[static_cast<unsigned char>(line.front()) % std::size(lists)]->push_back(line.substr(1));
  }
  return rules;
}

void TryRules(const RulesText& text) {
  const auto rules = ParseRules(text);
  if (!rules) {
    FUZZ_CLAIM(rules.error().code == ErrorCode::kInvalidArgument);
    for (const char c : rules.error().message) FUZZ_CLAIM(c == '\t' || (c & 0xe0) != 0);
    return;
  }
  FUZZ_CLAIM(CheckRules(*rules).has_value());
  const RulesText shown = FormatRules(*rules);
  const auto back = ParseRules(shown);
  FUZZ_CLAIM(back && *back == *rules && FormatRules(*back) == shown);
  const Decision decision = Decide(*rules, Step::kInstall, kNow, std::chrono::hours(1), "machine");
  FUZZ_CLAIM(decision == Decide(*back, Step::kInstall, kNow, std::chrono::hours(1), "machine"));
  // A machine that waits knows for how long, and does not ask the same second again.
  if (decision.until) FUZZ_CLAIM(*decision.until > kNow);
  if (rules->not_after && *rules->not_after <= kNow) FUZZ_CLAIM(!decision.open());
  if (rules->not_before && *rules->not_before > kNow) FUZZ_CLAIM(!decision.open());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  TryTexts(std::string(fuzz::Text(data, size)));
  fuzz::Input input(data, size);
  TryRules(RulesTextOf(input));
  return 0;
}
