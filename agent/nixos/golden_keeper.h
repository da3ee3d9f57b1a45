// Pins the confirmed system as golden once it has run healthy for long enough.
#pragma once

#include <chrono>
#include <functional>
#include <mutex>
#include <optional>
#include <stop_token>
#include <thread>

#include "agent/nixos/nixos_backend.h"
#include "lib/base/time.h"
#include "lib/os/clock.h"

namespace matic::nixos {

class GoldenKeeper {
 public:
  // `is_healthy` runs the checks, and takes as long as they do.
  GoldenKeeper(NixosBackend& backend, std::function<bool()> is_healthy, Clock& clock);
  ~GoldenKeeper();

  // Zero: never. Thread-safe.
  void Configure(std::chrono::seconds golden_after);
  void Start();
  void Stop();

  // Looks once, and returns how long to wait for the next look. The time begins anew with every
  // look that finds a check failing, and with another system.
  std::chrono::seconds Look();

 private:
  void Run(std::stop_token stop);

  NixosBackend& backend_;
  const std::function<bool()> is_healthy_;
  Clock& clock_;
  mutable std::mutex mutex_;
  std::chrono::seconds golden_after_{0};
  std::filesystem::path watched_;
  WallTime healthy_since_{};
  std::jthread thread_;
};

}  // namespace matic::nixos
