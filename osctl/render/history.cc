#include "osctl/render/history.h"

#include <sstream>

#include "osctl/render/names.h"
#include "osctl/render/table.h"

namespace matic::osctl {
namespace {

std::string Kind(const v1::HistoryEvent& event, const Terminal& terminal) {
  const std::string& kind = event.kind();
  Style style = Style::kBold;
  if (kind == "completed") style = Style::kGood;
  if (kind == "failed") style = Style::kBad;
  if (kind == "rolled-back") style = Style::kWarning;
  return terminal.Paint(Shown(kind), style);
}

std::string What(const v1::HistoryEvent& event) {
  std::string text = event.summary().empty() ? "" : Shown(event.summary());
  if (!event.requested_by().empty())
    text += (text.empty() ? "by " : ", by ") + Shown(event.requested_by());
  return text;
}

}  // namespace

std::string HistoryTable(const v1::GetHistoryResponse& history, const Terminal& terminal) {
  if (history.events().empty()) return "Nothing has happened.\n";
  return EventTable(history.events(), terminal);
}

std::string EventTable(const Events& events, const Terminal& terminal) {
  Table table({"TIME", "EVENT", "SCHEDULE", "VERSION", "WHAT"});
  for (const v1::HistoryEvent& event : events) {
    table.AddRow({TimeText(event.time()), Kind(event, terminal), Shown(event.schedule_id()),
                  Shown(event.version()), What(event)});
  }
  return table.Render(terminal);
}

std::string HistoryWithOutput(const v1::GetHistoryResponse& history, const Terminal& terminal) {
  if (history.events().empty()) return "Nothing has happened.\n";
  std::string text;
  for (const v1::HistoryEvent& event : history.events()) {
    text += TimeText(event.time()) + "  " + Kind(event, terminal) + "  " +
            Shown(event.schedule_id()) + "  " + What(event) + "\n";
    std::istringstream lines(event.output());
    for (std::string line; std::getline(lines, line);) {
      if (!line.empty()) text += "    " + Shown(line) + "\n";
    }
  }
  return text;
}

}  // namespace matic::osctl
