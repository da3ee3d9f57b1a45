// Tells people through the configured channels: of what enters the history as it does, and of what
// nothing else tells by looking at the engine once a minute.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
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
  // Where what waits is kept (lib/notify/notifier.h); empty: nowhere.
  std::filesystem::path folder = {};
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
  // After Start: other channels and times. What waits for channels that stay is sent by them where
  // it is kept; what is long or bad is told anew.
  void Configure(AnnouncerOptions options);
  // Tries what waits once more, for `deadline` at the most, and asks the engine no more.
  void Stop(std::chrono::milliseconds deadline);

  // Since the latest Configure.
  std::vector<notify::ChannelCounts> Counts() const;

 private:
  std::unique_ptr<notify::Notifier> MakeNotifier() const;
  void Begin();
  void Run(engine::Engine& engine, const std::stop_token& stop);
  void Look(engine::Engine& engine);
  void LookAtHealth(engine::Engine& engine);
  void Tell(std::optional<notify::Message> message);  // with node and time
  void Send(std::optional<notify::Message> message);

  AnnouncerOptions options_;  // changed while no thread runs
  const std::string node_;
  const notify::Courier& courier_;
  Clock& clock_;
  engine::Engine* engine_ = nullptr;
  mutable std::mutex mutex_;
  std::unique_ptr<notify::Notifier> notifier_;  // none while it is replaced
  std::vector<notify::Message> meanwhile_;      // then, what comes
  Watch watch_;                                 // of the thread
  std::jthread thread_;
};

}  // namespace matic::notices
