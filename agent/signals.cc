#include "agent/signals.h"

#include <systemd/sd-daemon.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <ctime>

namespace matic {
namespace {

struct Watchdog {
  bool asked = false;
  timespec pause{};
};

Watchdog FindWatchdog() {
  uint64_t microseconds = 0;
  const bool asked = sd_watchdog_enabled(0, &microseconds) > 0;
  const auto pause = std::chrono::microseconds(asked ? microseconds / 2 : 60'000'000);
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(pause);
  return {
      asked,
      {.tv_sec = seconds.count(), .tv_nsec = std::chrono::nanoseconds(pause - seconds).count()}};
}

// The time is for systemd 253 and later, which takes a READY=1 with none for that of another
// reload.
void TellReloading() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  const auto time = std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec);
  const auto microseconds = std::chrono::duration_cast<std::chrono::microseconds>(time);
  sd_notify(0, ("RELOADING=1\nMONOTONIC_USEC=" + std::to_string(microseconds.count())).c_str());
}

}  // namespace

Signals::Signals() {
  sigemptyset(&signals_);
  for (const int number : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&signals_, number);
  pthread_sigmask(SIG_BLOCK, &signals_, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
}

void Signals::Wait(const std::function<std::string()>& reload) const {
  const Watchdog watchdog = FindWatchdog();
  sd_notify(0, "READY=1");
  for (;;) {
    const int number = ::sigtimedwait(&signals_, nullptr, &watchdog.pause);
    if (number == SIGTERM || number == SIGINT) return;
    if (watchdog.asked) sd_notify(0, "WATCHDOG=1");
    if (number != SIGHUP) continue;
    TellReloading();
    sd_notify(0, ("READY=1\nSTATUS=" + reload()).c_str());
  }
}

}  // namespace matic
