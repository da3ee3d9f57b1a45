// All who see a run: whoever sits at the terminal, people elsewhere, and Prometheus.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "lib/notify/courier.h"
#include "lib/notify/curl_transport.h"
#include "osctl/fleet/metrics/run_metrics.h"
#include "osctl/fleet/notices/run_announcer.h"
#include "osctl/fleet_controller.h"
#include "osctl/fleet_view.h"

namespace matic::osctl {

// None of them holds a run up, or ends it: what one does not take is a warning.
class RunOutlets final : public fleet::RunObserver {
 public:
  // `file` is the journal's, whose lock the caller holds: what waits to be told is kept beside it,
  // and is tried again from now on. What is empty in `metrics` is as fleet.yaml has it. References
  // outlive the outlets.
  RunOutlets(const Session& session, FleetController& controller, fleet::Journal& journal,
             const std::filesystem::path& file, fleet::MetricsOptions metrics);

  void Changed(const fleet::RunRecord& run, const fleet::RunState& state,
               const fleet::Decision& decision) override;
  void Tell(const fleet::RunRecord& run, const fleet::RunState& state,
            const fleet::Notice& notice) override;

  // At the end of a run, before what the command prints of it: notes which groups are up to date,
  // and tells what is still to be told, for a quarter of a minute at most.
  void RunEnded(const fleet::RunRecord& run, const fleet::RunState& state);
  // The same where `plan` has nothing to do.
  void NothingToDo(const fleet::Plan& plan);
  // The same where there is no run at all.
  void NothingToGoOnWith();
  // Somebody wants to be rid of the command: hardly anything is told any more.
  void Interrupted();

 private:
  void NoteSuccess(const fleet::Plan& plan, const fleet::RunState& state);
  void ShowMetrics(const fleet::RunRecord* run, const fleet::RunState* state,
                   fleet::RunMetrics::Write when);
  void ShowMetricsOfLatest();
  void StopTelling(std::chrono::milliseconds deadline);
  void WarnOnce(const std::string& text);
  void WarnOfTroubles();

  FleetController& controller_;
  fleet::Journal& journal_;
  RunView view_;
  std::string run_;  // its id, once there is one
  SystemProcessRunner processes_;
  notify::CurlTransport transport_;
  notify::Courier courier_{transport_, processes_};
  fleet::RunAnnouncer announcer_;
  std::unique_ptr<fleet::RunMetrics> metrics_;
  fleet::Successes successes_;
  std::string warned_;
};

}  // namespace matic::osctl
