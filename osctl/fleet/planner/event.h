// What happens in a run of a fleet. The journal stores events and nothing else: a run's state is
// what comes of applying them in order (run_state.h). Plain data.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "lib/base/result.h"
#include "lib/base/time.h"
#include "osctl/fleet/planner/facts.h"

namespace matic::fleet {

// What is done, on one machine or for a group. After a controller died in the middle of it, a step
// may be begun once more: on a machine only where it was read back that it is needed still, while a
// script, which cannot be read back, is run again from its beginning.
enum class Step {
  // On one machine; each ends with Seen or Failed.
  kStage,     // make the target ready; what runs is not touched, and nothing follows by itself
  kActivate,  // take over what was staged: switch to it, or make it the next boot; no reboot
  kReboot,    // until the machine answers again
  kVerify,    // until it runs its target, healthy and not on trial any more
  kRollBack,  // until it runs what it ran before, healthy, with nothing staged or on trial
  kCancel,    // take back what was staged
  kObserve,   // read it, until it answers and neither stages, activates nor rolls back any more
  // For a group, on the controller; each ends with GroupDone.
  kCheckHealth,
  kPreScript,
  kPostScript,
  kRollbackScript,
};

// The first event of each run.
struct Started {
  bool operator==(const Started&) const = default;
};

// A step is about to be carried out: journalled before.
struct Begun {
  Step step = Step::kObserve;
  std::string machine{};  // empty for a step of a group
  size_t group = 0;       // index of Plan::groups, also of the machine
  bool operator==(const Begun&) const = default;
};

// A machine as it was read back when its step had come to an end, well or not: the machine's word
// on what it runs decides, not the step's.
struct Seen {
  std::string machine{};
  bool healthy = false;
  bool up_to_date = false;      // it runs its pinned target
  bool reboot_pending = false;  // its pinned target is activated, and takes a reboot to run
  UnderWay under_way = UnderWay::kNothing;
  std::string version{};  // what it runs
  std::string problem{};  // for people: what the step or the machine complained of
  bool operator==(const Seen&) const = default;
};

// A machine's step failed, or it could not be read back after it.
struct Failed {
  std::string machine{};
  std::string why{};         // for people
  bool unreachable = false;  // it never answered; before it was changed it may be skipped for that
  bool operator==(const Failed&) const = default;
};

struct GroupDone {
  Step step = Step::kCheckHealth;
  size_t group = 0;
  bool ok = true;
  std::vector<std::string> unhealthy{};  // machines, of a health check
  std::string why{};                     // for people, where not ok
  bool operator==(const GroupDone&) const = default;
};

// Time has passed: to be told when Decision::wake has come.
struct Tick {
  bool operator==(const Tick&) const = default;
};

// A controller goes on with a run that another process has left, whatever that was doing.
struct TakenUp {
  bool operator==(const TakenUp&) const = default;
};

// Asked for by people.
struct Approved {
  std::string group{};
  bool operator==(const Approved&) const = default;
};
struct Paused {
  bool operator==(const Paused&) const = default;
};
struct Unpaused {
  bool operator==(const Unpaused&) const = default;
};
struct Stopped {
  bool revert = false;  // also roll back what this run has updated
  std::string why{};
  bool operator==(const Stopped&) const = default;
};

// The first `count` of RunState::notices have been handed on.
struct Notified {
  size_t count = 0;
  bool operator==(const Notified&) const = default;
};

using Happening = std::variant<Started, Begun, Seen, Failed, GroupDone, Tick, TakenUp, Approved,
                               Paused, Unpaused, Stopped, Notified>;

struct Event {
  WallTime at{};
  Happening what{};
  bool operator==(const Event&) const = default;
};

// One line of JSON: {"event":"begun","at_ns":1772000000000000000,"step":"reboot","machine":"web1",
// "group":0}. What ParseEvent makes of it is equal to the event, as far as its texts are UTF-8.
std::string ToJson(const Event& event);

// kCorrupt names the field. A field that is missing has its default.
Result<Event> ParseEvent(std::string_view json);

// "stage", "roll-back", …
std::string_view NameOf(Step step);
std::string_view NameOf(UnderWay what);
// "begun", "taken-up", …
std::string_view NameOf(const Happening& what);

}  // namespace matic::fleet
