// Looks at the configured channel again and again, and schedules what is new in it: an update
// without anybody who asks for it.
#pragma once

#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "agent/config/channel.h"
#include "agent/engine/engine.h"
#include "agent/engine/source_resolver.h"
#include "lib/os/clock.h"

namespace matic::channel {

struct PollerOptions {
  config::Channel channel;
  std::string machine_id;  // what the jitter is made of
};

// The first look is a jitter after Start, each later one an interval and a jitter after the one
// before; after an error as soon as a minute, then ever later up to the interval. Nothing is kept
// on disk: what was scheduled is in the engine's own book.
//
// A version that is newer than the running one is scheduled once, as "channel URL" and under the
// machine's maintenance rules. One that the machine has quarantined, that it went back from, or
// whose update somebody cancelled, is left alone until there is another. An update of the channel
// that still waits for its window gives way to a newer version. While the running system itself
// fails what the last update was left for, nothing is scheduled.
class Poller {
 public:
  // Keeps references; they outlive it.
  Poller(PollerOptions options, engine::SourceResolver& resolver, engine::Engine& engine,
         Clock& clock);

  // While it is stopped.
  void Configure(PollerOptions options);

  // Nothing at all where no channel is configured, or none to look at by itself.
  void Start();
  // Returns when its thread has ended; a fetch under way is given up. Also done by the destructor.
  void Stop();

  // What is looked at, without credentials; empty: no channel is configured.
  std::string url() const;
  // None: no channel, not one to look at by itself, or not started. While it looks, the time of
  // that look.
  std::optional<WallTime> next_run() const;
  // Of the last look, for people: "version 2.1 was scheduled as sched-20260127-001". Empty before
  // the first.
  std::string last_result() const;

 private:
  void Run(std::stop_token stop);
  // What came of one look.
  Result<std::string> Look(std::stop_token stop);
  Result<std::string> Schedule(const engine::ResolvedSource& newest);
  // Why what `schedule` has brought, or was to bring, is not scheduled again; empty: it is.
  std::string LeftAlone(const engine::Schedule& schedule) const;
  // Cancels updates of the channel that still wait; whether there was one.
  Result<bool> GiveWay(const std::string& to);
  bool IsOurs(const engine::Schedule& schedule) const;
  std::chrono::nanoseconds Jitter(std::chrono::nanoseconds limit, uint64_t look) const;
  std::chrono::nanoseconds Pause(uint64_t look, unsigned failures) const;

  PollerOptions options_;
  engine::Caller caller_;
  engine::SourceResolver& resolver_;
  engine::Engine& engine_;
  Clock& clock_;

  mutable std::mutex mutex_;
  std::optional<BootTime> due_;
  std::string last_result_;

  std::jthread thread_;
};

}  // namespace matic::channel
