// The machine that the deadline program runs on.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "lib/base/unique_fd.h"

namespace matic::deadline {

class Machine {
 public:
  // Opens what is needed later, while it can be opened: after the switch to the real root a program
  // of the initrd sees neither /proc nor /dev by their paths.
  Machine();

  // Keeps this program in memory and ahead of a runaway one, so that neither a dead disk nor a busy
  // machine stops it. What the kernel refuses is done without.
  void PrepareForTheWorst();

  // A line in the kernel's log, which is on the console too.
  void Say(std::string_view text) const;

  // At most 1 MiB of a file of the running system; nothing where it cannot be read. Seen from an
  // initrd's program, the running system is what init has as its root.
  std::optional<std::string> ReadFile(const std::string& path) const;

  // Whether init has the same root as this program.
  bool SharesRootWithInit() const;

  std::chrono::nanoseconds SinceStart() const;
  // CLOCK_BOOTTIME, so a suspended machine's time counts.
  void SleepUntil(std::chrono::nanoseconds since_start) const;

  // Restarts at once, without syncing: a sync may hang on the very disk that made the trial fail.
  [[noreturn]] void Restart(std::string_view why) const;

 private:
  UniqueFd kernel_log_;
  UniqueFd proc_;
  UniqueFd sysrq_;
};

}  // namespace matic::deadline
