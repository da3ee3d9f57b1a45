// The options that say when an update may happen, checked before a node is asked.
#pragma once

#include <string>

#include "lib/base/result.h"
#include "lib/calendar/rules.h"
#include "matic/v1/node.pb.h"

namespace CLI {
class App;
}

namespace matic::osctl {

struct TimingOptions {
  calendar::RulesText rules;
  std::string reboot_delay;
};

// `options` must outlive `command`.
void AddTimingOptions(CLI::App& command, TimingOptions& options);

// kInvalidArgument names the option and what is wrong with it: "--window: 'Son 02:00-05:00': no
// such weekday: 'Son' …". Local times are of --timezone, or else of this machine.
Result<v1::Timing> ToTiming(const TimingOptions& options);

// kInvalidArgument where --at is past: nothing says then whether it is wanted at once, or was
// mistyped. What is due in this minute is not.
Result<> CheckIsToCome(const v1::Timing& timing, WallTime now);

}  // namespace matic::osctl
