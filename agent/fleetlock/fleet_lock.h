// Reboot slots that a FleetLock server hands out.
#pragma once

#include <condition_variable>
#include <filesystem>
#include <functional>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "agent/engine/reboot_slots.h"
#include "agent/fleetlock/held_slots.h"
#include "agent/fleetlock/settings.h"
#include "lib/base/replaceable.h"
#include "lib/http/http_poster.h"
#include "lib/os/clock.h"

namespace matic::fleetlock {

// Thread-safe. That a slot may be held is noted before the server is asked for it, and until the
// server has taken it back: by the thread that Start begins, again and again, whatever restarts in
// between. At its first Release a process gives a slot back of which it knows nothing, since the
// note may be what a power loss took.
class FleetLock final : public engine::RebootSlots {
 public:
  // Told what keeps a slot from being given back, and "" once nothing does. It must not call back.
  using Problem = std::function<void(const std::string&)>;

  FleetLock(Settings settings, const std::filesystem::path& note, http::HttpPoster& server,
            Clock& clock, Problem problem);
  ~FleetLock() override { Stop(); }

  // For requests that begin from now on. What is held of another server goes back to that one.
  void Configure(Settings settings) { settings_.Replace(std::move(settings)); }

  void Start();
  void Stop();

  // Asks no more often than a pause allows that grows with each refusal, and of which a random part
  // is left out, so that machines do not ask together.
  Result<engine::SlotAnswer> Take(engine::Disturbance disturbance, std::stop_token stop) override;
  void Release() override;

 private:
  struct Refusals {
    Target by;
    std::string why;
    uint32_t count = 0;
    BootTime ask_again{0};
  };

  // Nothing where it is granted; else why not.
  std::optional<std::string> Ask(const Settings& settings, std::stop_token stop);
  std::optional<engine::SlotAnswer> TooEarly(const Settings& settings);
  engine::SlotAnswer Refused(const Settings& settings, std::string why);

  void Run(std::stop_token stop);
  // False where it must be tried again.
  bool GiveBack(std::stop_token stop);
  std::vector<Target> ToGiveBack(const Settings& settings);
  Result<> GiveBackOne(const Target& target, std::stop_token stop);
  void PauseBeforeRetry(std::stop_token stop);
  bool IsGivingBack();
  bool IsNoted(const Target& target);
  void Tell(const std::string& problem);

  Replaceable<Settings> settings_;
  http::HttpPoster& server_;
  Clock& clock_;
  const Problem problem_;

  // Held through a request: the server gets them in the order in which they are meant. Taken before
  // mutex_.
  std::mutex wire_;

  std::mutex mutex_;
  std::condition_variable_any changed_;
  HeldSlots held_;
  bool giving_back_ = false;  // what is held, else it is wanted
  bool greeted_ = false;      // this process has given back what it knows nothing of
  Refusals refusals_;
  std::stop_source pause_;

  // The thread's own.
  uint32_t failures_ = 0;  // of giving back, in a row
  std::string told_;
  std::jthread thread_;
};

}  // namespace matic::fleetlock
