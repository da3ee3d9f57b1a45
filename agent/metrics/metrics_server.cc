#include "agent/metrics/metrics_server.h"

#include <atomic>

#include "agent/metrics/families.h"
#include "agent/metrics/sampler.h"
#include "agent/metrics/snapshot.h"
#include "agent/metrics/tally.h"
#include "lib/exposition/listener.h"
#include "lib/rpc/tls_files.h"

namespace matic::metrics {
namespace {

// As many as the engine keeps, and some.
constexpr size_t kMaxListed = 1000;
// Prometheus waits ten seconds by default.
constexpr std::chrono::milliseconds kMachinePatience{3000};
constexpr std::chrono::milliseconds kHealthPatience{2000};

std::vector<CertificateExpiry> ReadExpiries(const std::vector<std::filesystem::path>& pki_dirs) {
  const Result<rpc::TlsFiles> files = rpc::LoadServerFiles(pki_dirs);
  if (!files) return {};
  return {{"server", files->certificate.not_after}, {"ca", files->ca_not_after}};
}

class Collector {
 public:
  Collector(const Options& options, const Sources& sources)
      : sources_(sources),
        pki_dirs_(options.pki_dirs),
        tally_(options.state_dir / "metrics.json"),
        machine_([this] { return AskEngine(); }),
        health_([this] { return AskHealth(); }) {}

  std::vector<exposition::Family> Collect() const {
    Snapshot snapshot;
    const auto machine = machine_.Get(kMachinePatience);
    snapshot.machine = machine.value;
    snapshot.machine_age_seconds = machine.age.count();
    const auto health = health_.Get(kHealthPatience);
    if (health.value) snapshot.health = *health.value;
    snapshot.health_age_seconds = health.age.count();
    if (sources_.notifications) snapshot.notifications = sources_.notifications();
    snapshot.fetched_bytes = sources_.traffic.fetched;
    snapshot.written_bytes = sources_.traffic.written;
    snapshot.reused_bytes = sources_.traffic.reused;
    snapshot.collect_errors = errors_;
    return Families(snapshot);
  }

  const std::string& problem() const { return tally_.problem(); }

 private:
  MachineSample AskEngine() {
    MachineSample sample;
    if (Result<engine::Status> status = sources_.engine.GetStatus()) {
      sample.status = std::move(*status);
    } else {
      ++errors_;
    }
    const std::vector<engine::Schedule> schedules = sources_.engine.ListSchedules(kMaxListed);
    for (const engine::Schedule& schedule : schedules) {
      if (!engine::HasEnded(schedule.state)) sample.active = schedule;
    }
    const auto rollbacks = sources_.engine.GetRollbackHistory(kMaxListed);
    // Without the history nothing may be forgotten of it.
    if (rollbacks) {
      if (!tally_.Count(schedules, *rollbacks)) ++errors_;
    } else {
      ++errors_;
    }
    sample.totals = tally_.totals();
    sample.certificates = ReadExpiries(pki_dirs_);
    return sample;
  }

  std::optional<health::Report> AskHealth() {
    Result<health::Report> report = sources_.engine.GetHealth(/*refresh=*/false, {});
    if (report) return std::move(*report);
    ++errors_;
    return std::nullopt;
  }

  const Sources sources_;
  const std::vector<std::filesystem::path> pki_dirs_;
  std::atomic<uint64_t> errors_{0};
  Tally tally_;  // of the machine sampler's thread, but for its problem
  // Last: their threads use everything above.
  mutable Sampler<MachineSample> machine_;
  mutable Sampler<std::optional<health::Report>> health_;
};

}  // namespace

struct MetricsServer::Parts {
  std::unique_ptr<Collector> collector;
  std::unique_ptr<exposition::Listener> listener;  // its threads ask the collector
};

MetricsServer::MetricsServer(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
MetricsServer::~MetricsServer() = default;

Result<std::unique_ptr<MetricsServer>> MetricsServer::Start(const Options& options,
                                                            const Sources& sources) {
  auto parts = std::make_unique<Parts>();
  parts->collector = std::make_unique<Collector>(options, sources);
  auto listener = exposition::Listener::Open(
      options.listen, /*threads=*/2,
      [collector = parts->collector.get()] { return collector->Collect(); });
  if (!listener) {
    return Fail(listener.error().code, "metrics: " + listener.error().message +
                                           "; metrics.listen names another port, or \"\"");
  }
  parts->listener = *std::move(listener);
  return std::unique_ptr<MetricsServer>(new MetricsServer(std::move(parts)));
}

const std::string& MetricsServer::problem() const { return parts_->collector->problem(); }

uint16_t MetricsServer::port() const { return parts_->listener->port(); }

}  // namespace matic::metrics
