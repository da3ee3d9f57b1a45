#include "osctl/fleet/metrics/run_metrics.h"

#include <prometheus/collectable.h>
#include <prometheus/exposer.h>
#include <prometheus/text_serializer.h>

#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "lib/os/durable_file.h"
#include "osctl/fleet/metrics/families.h"

namespace matic::fleet {
namespace {

constexpr std::chrono::seconds kBetweenWrites{5};

class Collector final : public prometheus::Collectable {
 public:
  void Show(std::vector<prometheus::MetricFamily> families) {
    const std::scoped_lock lock(mutex_);
    families_ = std::move(families);
  }
  std::vector<prometheus::MetricFamily> Collect() const override {
    const std::scoped_lock lock(mutex_);
    return families_;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<prometheus::MetricFamily> families_;
};

}  // namespace

struct RunMetrics::Parts {
  MetricsOptions options;
  std::optional<WallTime> written;
  std::shared_ptr<Collector> collector = std::make_shared<Collector>();
  std::unique_ptr<prometheus::Exposer> exposer;  // its threads ask the collector
};

RunMetrics::RunMetrics(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
RunMetrics::~RunMetrics() = default;

Result<std::unique_ptr<RunMetrics>> RunMetrics::Open(const MetricsOptions& options) {
  auto parts = std::make_unique<Parts>();
  parts->options = options;
  if (!options.listen.empty()) {
    try {
      parts->exposer = std::make_unique<prometheus::Exposer>(options.listen, /*num_threads=*/1);
      parts->exposer->RegisterCollectable(parts->collector);
    } catch (const std::exception& error) {
      return Fail(ErrorCode::kUnavailable, "metrics: cannot listen on " + options.listen + ": " +
                                               error.what() +
                                               "; `metrics.listen` names another port");
    }
  }
  return std::unique_ptr<RunMetrics>(new RunMetrics(std::move(parts)));
}

Result<> RunMetrics::Show(const Snapshot& snapshot, Write when) {
  const MetricsOptions& options = parts_->options;
  const std::optional<WallTime> written = parts_->written;
  const bool due = !written || snapshot.now < *written || snapshot.now - *written >= kBetweenWrites;
  const bool writes = !options.textfile.empty() && (due || when == Write::kNow);
  if (!writes && parts_->exposer == nullptr) return {};
  std::vector<prometheus::MetricFamily> families = Families(snapshot);
  const std::string text =
      writes ? prometheus::TextSerializer().Serialize(families) : std::string();
  parts_->collector->Show(std::move(families));
  if (!writes) return {};
  parts_->written = snapshot.now;
  return WriteFileDurably(options.textfile, text, 0644);
}

uint16_t RunMetrics::port() const {
  if (parts_->exposer == nullptr) return 0;
  const std::vector<int> ports = parts_->exposer->GetListeningPorts();
  return ports.empty() ? uint16_t{0} : static_cast<uint16_t>(ports.front());
}

}  // namespace matic::fleet
