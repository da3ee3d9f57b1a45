// http://ADDRESS/metrics for Prometheus (text format 0.0.4).
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "agent/engine/engine.h"
#include "agent/metrics/traffic.h"
#include "lib/base/result.h"
#include "lib/notify/notifier.h"

namespace matic::metrics {

struct Options {
  std::string listen;                           // ADDRESS:PORT
  std::filesystem::path state_dir;              // for the totals
  std::vector<std::filesystem::path> pki_dirs;  // the first that has a server's files is told of
};

// What is told of. References outlive the server.
struct Sources {
  engine::Engine& engine;
  const Traffic& traffic;
  std::function<std::vector<notify::ChannelCounts>()> notifications;  // may be empty
};

// Asks the engine whenever somebody scrapes, and for no longer than a few seconds: what takes more
// is told as it was before, with its age.
class MetricsServer {
 public:
  // kUnavailable where nobody can listen there.
  static Result<std::unique_ptr<MetricsServer>> Start(const Options& options,
                                                      const Sources& sources);
  // Ends connections; waits for a question that the engine is being asked.
  ~MetricsServer();

  uint16_t port() const;

  // Why the totals of before could not be read; empty: nothing is wrong with them.
  const std::string& problem() const;

 private:
  struct Parts;
  explicit MetricsServer(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace matic::metrics
