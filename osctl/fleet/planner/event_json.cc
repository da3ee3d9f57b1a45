// Events as the journal stores them.
#include <chrono>
#include <nlohmann/json.hpp>

#include "lib/base/json_number.h"
#include "osctl/fleet/planner/event.h"

namespace matic::fleet {
namespace {

using nlohmann::json;

// Takes the value that `field` names, of an enumeration up to `last`; as it is where it is missing.
template <typename Enum>
Result<> Take(const json& object, const char* field, Enum last, Enum& value) {
  if (!object.contains(field)) return {};
  const auto name = object.at(field).get<std::string>();
  for (size_t i = 0; i <= static_cast<size_t>(last); ++i) {
    value = static_cast<Enum>(i);
    if (NameOf(value) == name) return {};
  }
  return Fail(ErrorCode::kCorrupt, std::string(field) + ": '" + name + "' is unknown");
}

struct Writing {
  json& to;

  void operator()(const Begun& event) const {
    to["step"] = NameOf(event.step);
    to["group"] = event.group;
    if (!event.machine.empty()) to["machine"] = event.machine;
  }
  void operator()(const Seen& event) const {
    to["machine"] = event.machine;
    to["healthy"] = event.healthy;
    to["up_to_date"] = event.up_to_date;
    to["reboot_pending"] = event.reboot_pending;
    to["under_way"] = NameOf(event.under_way);
    to["version"] = event.version;
    to["problem"] = event.problem;
  }
  void operator()(const Failed& event) const {
    to["machine"] = event.machine;
    to["why"] = event.why;
    to["unreachable"] = event.unreachable;
  }
  void operator()(const GroupDone& event) const {
    to["step"] = NameOf(event.step);
    to["group"] = event.group;
    to["ok"] = event.ok;
    to["unhealthy"] = event.unhealthy;
    to["why"] = event.why;
  }
  void operator()(const Approved& event) const { to["group"] = event.group; }
  void operator()(const Stopped& event) const {
    to["revert"] = event.revert;
    to["why"] = event.why;
  }
  void operator()(const Notified& event) const { to["count"] = event.count; }
  void operator()(const Started&) const {}
  void operator()(const Tick&) const {}
  void operator()(const TakenUp&) const {}
  void operator()(const Paused&) const {}
  void operator()(const Unpaused&) const {}
};

// Fills the alternative that the event's name has chosen.
struct Reading {
  const json& from;

  Result<> operator()(Begun& event) const {
    MATIC_TRY(Take(from, "step", Step::kRollbackScript, event.step));
    event.machine = from.value("machine", "");
    event.group = WholeNumber(from, "group", size_t{0});
    return {};
  }
  Result<> operator()(Seen& event) const {
    event.machine = from.value("machine", "");
    event.healthy = from.value("healthy", false);
    event.up_to_date = from.value("up_to_date", false);
    event.reboot_pending = from.value("reboot_pending", false);
    MATIC_TRY(Take(from, "under_way", UnderWay::kRollingBack, event.under_way));
    event.version = from.value("version", "");
    event.problem = from.value("problem", "");
    return {};
  }
  Result<> operator()(Failed& event) const {
    event.machine = from.value("machine", "");
    event.why = from.value("why", "");
    event.unreachable = from.value("unreachable", false);
    return {};
  }
  Result<> operator()(GroupDone& event) const {
    MATIC_TRY(Take(from, "step", Step::kRollbackScript, event.step));
    event.group = WholeNumber(from, "group", size_t{0});
    event.ok = from.value("ok", true);
    event.unhealthy = from.value("unhealthy", std::vector<std::string>());
    event.why = from.value("why", "");
    return {};
  }
  Result<> operator()(Approved& event) const {
    event.group = from.value("group", "");
    return {};
  }
  Result<> operator()(Stopped& event) const {
    event.revert = from.value("revert", false);
    event.why = from.value("why", "");
    return {};
  }
  Result<> operator()(Notified& event) const {
    event.count = WholeNumber(from, "count", size_t{0});
    return {};
  }
  Result<> operator()(Started&) const { return {}; }
  Result<> operator()(Tick&) const { return {}; }
  Result<> operator()(TakenUp&) const { return {}; }
  Result<> operator()(Paused&) const { return {}; }
  Result<> operator()(Unpaused&) const { return {}; }
};

template <size_t I = 0>
Result<Happening> Called(const std::string& name) {
  if constexpr (I == std::variant_size_v<Happening>) {
    return Fail(ErrorCode::kCorrupt, "event: '" + name + "' is unknown");
  } else {
    Happening what(std::in_place_index<I>);
    if (NameOf(what) == name) return what;
    return Called<I + 1>(name);
  }
}

Result<Event> Read(const json& from) {
  MATIC_ASSIGN(Happening what, Called(from.at("event").get<std::string>()));
  MATIC_TRY(std::visit(Reading{from}, what));
  const std::chrono::nanoseconds since(WholeNumber<int64_t>(from.at("at_ns")));
  return Event{WallTime(std::chrono::duration_cast<WallTime::duration>(since)), std::move(what)};
}

}  // namespace

std::string ToJson(const Event& event) {
  const std::chrono::nanoseconds since = event.at.time_since_epoch();
  json to = {{"event", NameOf(event.what)}, {"at_ns", since.count()}};
  std::visit(Writing{to}, event.what);
  // What machines complain of is not always UTF-8.
  return to.dump(-1, ' ', false, json::error_handler_t::replace);
}

Result<Event> ParseEvent(std::string_view text) {
  try {
    return Read(json::parse(text));
  } catch (const json::exception& error) {
    return Fail(ErrorCode::kCorrupt, std::string("event of a run: ") + error.what());
  }
}

}  // namespace matic::fleet
