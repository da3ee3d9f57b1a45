// What the agent is told from outside while it serves: signals, and systemd's questions.
#pragma once

#include <signal.h>

#include <functional>
#include <string>

namespace matic {

class Signals {
 public:
  // SIGTERM, SIGINT and SIGHUP wait from now on, and SIGPIPE is ignored. Made before any thread,
  // so that all inherit it.
  Signals();

  // Tells systemd that the agent is ready, and waits until SIGTERM or SIGINT, with a sign of life
  // to systemd's watchdog in between. SIGHUP calls `reload`, which returns a line for people about
  // what is wrong with what it found, or nothing; systemd knows the service as reloading meanwhile.
  void Wait(const std::function<std::string()>& reload) const;

 private:
  sigset_t signals_;
};

}  // namespace matic
