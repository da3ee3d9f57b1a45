// Tells Prometheus of a fleet's runs (docs/reference/fleet.md, "Metrics"): in a file that outlives
// the run, for node_exporter's textfile collector, and at a port while a run goes on.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "lib/base/result.h"
#include "osctl/fleet/metrics/snapshot.h"

namespace matic::fleet {

struct MetricsOptions {
  std::filesystem::path textfile;  // empty: none
  std::string listen;              // ADDRESS:PORT, 0 for any port; empty: none
};

class RunMetrics {
 public:
  // kUnavailable where nobody can listen there.
  static Result<std::unique_ptr<RunMetrics>> Open(const MetricsOptions& options);
  ~RunMetrics();

  // What is asked for at the port from now on. The file is replaced as a whole (mode 0644), every
  // few seconds at most unless `now` is set; an error says why it is not.
  enum class Write { kWhenDue, kNow };
  Result<> Show(const Snapshot& snapshot, Write when);

  // 0 where nobody listens.
  uint16_t port() const;

 private:
  struct Parts;
  explicit RunMetrics(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace matic::fleet
