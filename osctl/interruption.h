// Ctrl-C and its like as a request to stop, for a command that must not leave half of its work
// behind.
#pragma once

#include <signal.h>

#include <atomic>
#include <stop_token>
#include <thread>

#include "lib/base/unique_fd.h"

namespace matic::osctl {

// From its making to its end SIGINT, SIGTERM and SIGHUP ask for a stop; a second one ends the
// program at once. Those that are ignored, as nohup has it, stay so. To be made before any other
// thread of the program.
class Interruption {
 public:
  Interruption();
  ~Interruption();
  Interruption(const Interruption&) = delete;
  Interruption& operator=(const Interruption&) = delete;

  std::stop_token token() const { return stop_.get_token(); }

  // Where a signal came, the program ends by it, as whoever started it expects of a program that
  // was interrupted. Else this does nothing.
  void EndProgram();

 private:
  void Watch(int signals);
  void Finish();

  sigset_t watched_{};
  sigset_t before_{};
  UniqueFd finished_;  // an eventfd, readable at the end
  std::atomic<int> signal_{0};
  std::stop_source stop_;
  std::thread thread_;
};

}  // namespace matic::osctl
