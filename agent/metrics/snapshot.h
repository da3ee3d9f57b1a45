// Everything that the metrics tell, as plain data.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "agent/engine/engine.h"
#include "agent/metrics/tally.h"
#include "agent/metrics/traffic.h"
#include "lib/notify/notifier.h"

namespace matic::metrics {

struct CertificateExpiry {
  std::string name;  // "server", "ca"
  WallTime not_after;
};

// What the engine and the disk say.
struct MachineSample {
  std::optional<engine::Status> status;
  std::optional<engine::Schedule> active;
  Totals totals;
  std::vector<CertificateExpiry> certificates;
};

struct Snapshot {
  std::optional<MachineSample> machine;
  double machine_age_seconds = 0;
  std::optional<health::Report> health;
  double health_age_seconds = 0;
  std::vector<notify::ChannelCounts> notifications;
  uint64_t fetched_bytes = 0;
  uint64_t written_bytes = 0;
  uint64_t reused_bytes = 0;
  uint64_t collect_errors = 0;  // since the agent started
};

}  // namespace matic::metrics
