// Tells people through the configured channels: of what enters the history as it does, and of what
// nothing else tells by looking at the engine once a minute.
#pragma once

#include <chrono>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "agent/engine/engine.h"
#include "agent/notices/watch.h"
#include "lib/notify/notifier.h"

namespace matic::notices {

struct AnnouncerOptions {
  std::string node;
  std::chrono::seconds long_running{3600};
  std::vector<notify::Channel> channels;
  // Until when the API's certificate is good; empty, or nothing: there is none.
  std::function<std::optional<WallTime>()> certificate_end;
};

// Without channels it does nothing.
class Announcer {
 public:
  // References outlive the announcer.
  Announcer(AnnouncerOptions options, const notify::Courier& courier, Clock& clock);
  // As Stop(0).
  ~Announcer();
  Announcer(const Announcer&) = delete;
  Announcer& operator=(const Announcer&) = delete;

  // Thread-safe; neither blocks nor calls back. What comes before Start waits for it.
  void Tell(const engine::HistoryEvent& event);

  // Once. `engine` is asked until Stop.
  void Start(engine::Engine& engine);
  // Tries what waits once more, for `deadline` at the most, and asks the engine no more. What is
  // lost with a reboot is told after it: an end is kept durable first.
  void Stop(std::chrono::milliseconds deadline);

  std::vector<notify::ChannelCounts> Counts() const { return notifier_.Counts(); }

 private:
  void Run(engine::Engine& engine, const std::stop_token& stop);
  void Look(engine::Engine& engine);
  void LookAtHealth(engine::Engine& engine);
  void Send(std::optional<notify::Message> message);

  const AnnouncerOptions options_;
  Clock& clock_;
  notify::Notifier notifier_;
  Watch watch_;  // of the thread
  std::jthread thread_;
};

}  // namespace matic::notices
