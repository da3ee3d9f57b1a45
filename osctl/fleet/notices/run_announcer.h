// Tells people of a run through the fleet's channels.
#pragma once

#include <chrono>
#include <filesystem>
#include <mutex>
#include <string>
#include <vector>

#include "lib/notify/notifier.h"
#include "osctl/fleet/inventory/inventory.h"
#include "osctl/fleet/run/run_observer.h"

namespace matic::fleet {

// The channels that hear of the fleet's runs: those that the settings name, or all.
std::vector<notify::Channel> ChannelsOf(const Inventory& inventory);

// No channel, however long it hangs, holds up the run. What could not be delivered waits in a
// folder for the next run, for a day at most: no message is lost with its controller.
class RunAnnouncer final : public RunObserver {
 public:
  // References outlive the announcer. `folder` is this fleet's alone.
  RunAnnouncer(std::vector<notify::Channel> channels, const notify::Courier& courier,
               const Clock& clock, const std::filesystem::path& folder);

  void Changed(const RunRecord& run, const RunState& state, const Decision& decision) override;
  void Tell(const RunRecord& run, const RunState& state, const Notice& notice) override;

  // After the run: what waits is tried once more, for `deadline` at most.
  void Stop(std::chrono::milliseconds deadline);

  // What went wrong since this was asked last, a line each; a channel that is down is told of once,
  // and whenever a message is given up. No secret is in it.
  std::vector<std::string> TakeTroubles();

  std::vector<notify::ChannelCounts> Counts() const { return notifier_.Counts(); }

 private:
  void Report(const notify::DeliveryReport& report);

  std::mutex mutex_;
  std::vector<std::string> troubles_;
  std::vector<std::string> down_;  // channels that were told of
  notify::Notifier notifier_;      // last: its threads report
};

}  // namespace matic::fleet
