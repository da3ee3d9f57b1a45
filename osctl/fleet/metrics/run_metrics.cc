#include "osctl/fleet/metrics/run_metrics.h"

#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "lib/exposition/listener.h"
#include "lib/os/durable_file.h"
#include "osctl/fleet/metrics/families.h"

namespace matic::fleet {
namespace {

constexpr std::chrono::seconds kBetweenWrites{5};

class Shown {
 public:
  void Replace(std::vector<exposition::Family> families) {
    const std::scoped_lock lock(mutex_);
    families_ = std::move(families);
  }
  std::vector<exposition::Family> Get() const {
    const std::scoped_lock lock(mutex_);
    return families_;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<exposition::Family> families_;
};

}  // namespace

struct RunMetrics::Parts {
  MetricsOptions options;
  std::optional<WallTime> written;
  Shown shown;
  std::unique_ptr<exposition::Listener> listener;  // its threads ask for what is shown
};

RunMetrics::RunMetrics(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
RunMetrics::~RunMetrics() = default;

Result<std::unique_ptr<RunMetrics>> RunMetrics::Open(const MetricsOptions& options) {
  auto parts = std::make_unique<Parts>();
  parts->options = options;
  if (!options.listen.empty()) {
    auto listener = exposition::Listener::Open(options.listen, /*threads=*/1,
                                               [&shown = parts->shown] { return shown.Get(); });
    if (!listener) {
      return Fail(listener.error().code,
                  "metrics: " + listener.error().message + "; `metrics.listen` names another port");
    }
    parts->listener = *std::move(listener);
  }
  return std::unique_ptr<RunMetrics>(new RunMetrics(std::move(parts)));
}

Result<> RunMetrics::Show(const Snapshot& snapshot, Write when) {
  const MetricsOptions& options = parts_->options;
  const std::optional<WallTime> written = parts_->written;
  const bool due = !written || snapshot.now < *written || snapshot.now - *written >= kBetweenWrites;
  const bool writes = !options.textfile.empty() && (due || when == Write::kNow);
  if (!writes && parts_->listener == nullptr) return {};
  std::vector<exposition::Family> families = Families(snapshot);
  const std::string text = writes ? exposition::Text(families) : "";
  parts_->shown.Replace(std::move(families));
  if (!writes) return {};
  parts_->written = snapshot.now;
  return WriteFileDurably(options.textfile, text, 0644);
}

uint16_t RunMetrics::port() const {
  return parts_->listener == nullptr ? uint16_t{0} : parts_->listener->port();
}

}  // namespace matic::fleet
