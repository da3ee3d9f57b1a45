// A run of a fleet while it goes on.
#include <nlohmann/json.hpp>

#include "osctl/fleet_view.h"

namespace matic::osctl {
namespace {

using fleet::MachinePhase;
using nlohmann::json;

constexpr size_t kNoticesShown = 5;

}  // namespace

RunView::RunView(const Session& session)
    : session_(session), block_(session.out(), session.terminal()) {}

void RunView::Tell(const fleet::RunRecord& run, const fleet::RunState&,
                   const fleet::Notice& notice) {
  const std::string group = notice.group ? run.plan.groups[*notice.group].name : "";
  if (session_.json()) {
    const json object = {{"time", FormatTime(notice.at)},
                         {"event", NameOf(notice.kind)},
                         {"run", run.id},
                         {"group", group},
                         {"machine", notice.machine},
                         {"text", notice.text}};
    session_.out() << object.dump(-1, ' ', false, json::error_handler_t::replace) << '\n'
                   << std::flush;
    return;
  }
  std::string line = FormatTime(notice.at) + " " + std::string(NameOf(notice.kind));
  if (!group.empty()) line += " " + group;
  if (!notice.machine.empty()) line += " " + notice.machine;
  if (!notice.text.empty()) line += ": " + notice.text;
  Note(std::move(line));
}

void RunView::Warn(const std::string& run, const std::string& text) {
  const std::string now = FormatTime(std::chrono::system_clock::now());
  if (session_.json()) {
    const json object = {{"time", now}, {"event", "warning"}, {"run", run}, {"text", text}};
    session_.out() << object.dump(-1, ' ', false, json::error_handler_t::replace) << '\n'
                   << std::flush;
    return;
  }
  Note(now + " warning: " + text);
}

void RunView::Note(std::string line) {
  line = OneLine(line);
  if (!session_.terminal().interactive) {
    session_.out() << line << '\n' << std::flush;
    return;
  }
  notices_.push_back(std::move(line));
  if (notices_.size() > kNoticesShown) notices_.erase(notices_.begin());
}

void RunView::Changed(const fleet::RunRecord& run, const fleet::RunState& state,
                      const fleet::Decision& decision) {
  if (!session_.terminal().interactive || session_.json()) return Lines(run, state, decision);
  Terminal terminal = session_.terminal();
  terminal.Measure();
  const size_t taken = notices_.size() + 2;  // the title, and the cursor's line
  const size_t lines = terminal.height > taken ? terminal.height - taken : 0;
  std::string text =
      "Run " + TitleOf(run) + ": " + Summary(run.plan, state) + "\n" +
      RunText(run, state, decision, std::chrono::system_clock::now(), terminal, lines);
  for (const std::string& notice : notices_) {
    text += session_.terminal().Paint(notice, Style::kDim) + "\n";
  }
  block_.Draw(text);
}

void RunView::Lines(const fleet::RunRecord& run, const fleet::RunState& state,
                    const fleet::Decision& decision) {
  shown_.resize(state.machines.size(), MachinePhase::kWaiting);
  for (size_t i = 0; i < state.machines.size(); ++i) {
    const fleet::MachineRun& machine = state.machines[i];
    if (machine.phase == shown_[i]) continue;
    shown_[i] = machine.phase;
    if (session_.json()) {
      const json object = {{"time", FormatTime(machine.since)},
                           {"event", "phase"},
                           {"run", run.id},
                           {"group", run.plan.groups[machine.group].name},
                           {"machine", run.plan.machines[i].name},
                           {"phase", NameOf(machine.phase, run.plan.work)},
                           {"version", machine.version},
                           {"reason", machine.reason}};
      session_.out() << object.dump(-1, ' ', false, json::error_handler_t::replace) << '\n';
    } else {
      session_.out() << FormatTime(machine.since) << ' ' << run.plan.machines[i].name << ": "
                     << NameOf(machine.phase, run.plan.work)
                     << (machine.reason.empty() ? "" : ": " + OneLine(machine.reason)) << '\n';
    }
  }
  const std::string waits = WaitsText(run.plan, decision);
  if (waits != waits_ && !waits.empty() && !session_.json()) {
    session_.out() << "waits: " << OneLine(waits) << '\n';
  }
  waits_ = waits;
  session_.out() << std::flush;
}

}  // namespace matic::osctl
