#include "osctl/fleet/notices/run_announcer.h"

#include <algorithm>
#include <utility>

#include "osctl/fleet/notices/messages.h"

namespace matic::fleet {

std::vector<notify::Channel> ChannelsOf(const Inventory& inventory) {
  const std::vector<std::string>& told = inventory.settings.notification_channels;
  std::vector<notify::Channel> chosen;
  for (const channels::ChannelSettings& channel : inventory.channels) {
    if (told.empty() || std::ranges::find(told, channel.name) != told.end()) {
      chosen.push_back(channels::MakeChannel(channel));
    }
  }
  return chosen;
}

RunAnnouncer::RunAnnouncer(std::vector<notify::Channel> channels, const notify::Courier& courier,
                           const Clock& clock, const std::filesystem::path& folder)
    : notifier_(
          std::move(channels), notify::RetryPolicy{}, courier, clock,
          [this](const notify::DeliveryReport& report) { Report(report); }, folder) {
  notifier_.Start();
}

void RunAnnouncer::Changed(const RunRecord&, const RunState&, const Decision&) {}

void RunAnnouncer::Tell(const RunRecord& run, const RunState& state, const Notice& notice) {
  notifier_.Send(MessageOf(run, state, notice));
}

void RunAnnouncer::Stop(std::chrono::milliseconds deadline) { notifier_.Stop(deadline); }

std::vector<std::string> RunAnnouncer::TakeTroubles() {
  const std::scoped_lock lock(mutex_);
  return std::exchange(troubles_, {});
}

void RunAnnouncer::Report(const notify::DeliveryReport& report) {
  const std::scoped_lock lock(mutex_);
  const auto known = std::ranges::find(down_, report.channel);
  if (!report.error) {
    if (known != down_.end()) down_.erase(known);
    return;
  }
  if (known != down_.end() && !report.given_up) return;
  if (known == down_.end()) down_.push_back(report.channel);
  troubles_.push_back("channel " + report.channel + ": '" + report.title + "' " +
                      (report.given_up ? "is given up: " : "is tried again: ") +
                      report.error->message);
}

}  // namespace matic::fleet
