#include "osctl/render/plan.h"

#include "osctl/render/names.h"
#include "osctl/render/table.h"
#include "osctl/render/units.h"

namespace matic::osctl {
namespace {

constexpr size_t kLabelColumns = 11;

std::string Fetch(const v1::PlanUpdateResponse& plan) {
  if (plan.bytes_to_fetch() == 0 && plan.bytes_reused() == 0) return "unknown";
  std::string text = FormatBytes(plan.bytes_to_fetch());
  if (plan.requests() > 0) {
    text += " in " + std::to_string(plan.requests()) +
            (plan.requests() == 1 ? " request" : " requests");
  }
  if (plan.bytes_reused() > 0)
    text += ", " + FormatBytes(plan.bytes_reused()) + " are here already";
  if (!plan.why_all().empty()) text += " (all of it: " + Shown(plan.why_all()) + ")";
  return text;
}

std::string When(const v1::PlanStep& step) {
  if (step.reason().empty()) return "at once";
  return (step.has_earliest() ? TimeText(step.earliest()) + ": " : "") + Shown(step.reason());
}

}  // namespace

std::string PlanText(const v1::PlanUpdateResponse& plan, const Terminal& terminal) {
  std::string text = plan.possible() ? terminal.Paint("The update can be made", Style::kGood)
                                     : terminal.Paint("The update would be stopped", Style::kBad);
  text += "\n";
  const auto line = [&](std::string_view label, const std::string& value) {
    if (!value.empty()) text += "  " + Pad(label, kLabelColumns) + value + "\n";
  };
  line("Source", Shown(plan.source()));
  line("SHA-256", plan.sha256().empty() ? "" : Shown(plan.sha256()));
  line("Version", plan.version().empty() ? "" : Shown(plan.version()));
  line("Fetch", Fetch(plan));
  line("Into", Shown(plan.target()) + " (way back: " + Shown(plan.previous()) + ")");
  line("Next boot", Shown(plan.next_boot()));
  for (const v1::PlanStep& step : plan.steps()) {
    std::string label = step.name();
    if (!label.empty() && label[0] >= 'a' && label[0] <= 'z') {
      label[0] = static_cast<char>(label[0] - 'a' + 'A');
    }
    line(Shown(label), When(step));
  }
  for (const v1::PlanCheck& check : plan.checks()) {
    const std::string verdict = check.passed() ? terminal.Paint("ok    ", Style::kGood)
                                               : terminal.Paint("stops ", Style::kBad);
    text += "  " + verdict + Pad(Shown(check.name()), kLabelColumns) +
            (check.output().empty() ? "" : Shown(check.output())) + "\n";
  }
  return text;
}

}  // namespace matic::osctl
