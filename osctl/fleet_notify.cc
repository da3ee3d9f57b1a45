// osctl fleet notify: a message by hand, through the fleet's channels.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <nlohmann/json.hpp>

#include "lib/completion/completion.h"
#include "lib/notify/curl_transport.h"
#include "lib/notify/deliver_once.h"
#include "osctl/fleet/notices/run_announcer.h"
#include "osctl/fleet_commands.h"
#include "osctl/fleet_controller.h"
#include "osctl/render/table.h"

namespace matic::osctl {
namespace {

struct NotifyOptions {
  std::string level = "info";
  std::string title = "Message";
  std::string message;
  std::vector<std::string> channels;
  bool dry_run = false;
};

std::string NamesOf(const fleet::Inventory& inventory) {
  std::string names;
  for (const auto& channel : inventory.channels) {
    names += (names.empty() ? "" : ", ") + channel.name;
  }
  return names;
}

// Those that were named, whatever they are limited to; else those that hear of runs, and take it.
Result<std::vector<notify::Channel>> Choose(const fleet::Inventory& inventory,
                                            const notify::Message& message,
                                            const std::vector<std::string>& named) {
  if (inventory.channels.empty()) {
    return Fail(ErrorCode::kNotFound, "fleet " + inventory.name +
                                          " has no channels: `notifications.channels` in its "
                                          "fleet.yaml defines them");
  }
  std::vector<notify::Channel> chosen;
  for (const std::string& name : named) {
    const auto found =
        std::ranges::find(inventory.channels, name, &channels::ChannelSettings::name);
    if (found == inventory.channels.end()) {
      return Fail(ErrorCode::kNotFound,
                  "there is no channel '" + name + "'; there are " + NamesOf(inventory));
    }
    chosen.push_back(channels::MakeChannel(*found));
  }
  if (!named.empty()) return chosen;
  chosen = fleet::ChannelsOf(inventory);
  std::erase_if(chosen, [&](const notify::Channel& channel) { return !Takes(channel, message); });
  return chosen;
}

std::vector<notify::DeliveryReport> Deliver(const std::vector<notify::Channel>& channels,
                                            const notify::Message& message) {
  notify::CurlTransport transport;
  SystemProcessRunner processes;
  const notify::Courier courier(transport, processes);
  return notify::DeliverOnce(channels, courier, message);
}

Result<> Show(const Session& session, const std::vector<notify::DeliveryReport>& reports,
              const char* good) {
  nlohmann::json list = nlohmann::json::array();
  Table table({"CHANNEL", "RESULT"});
  size_t failed = 0;
  for (const notify::DeliveryReport& report : reports) {
    failed += report.error ? 1 : 0;
    table.AddRow({report.channel, report.error ? report.error->message : good});
    list.push_back({{"channel", report.channel},
                    {"result", report.error ? "failed" : good},
                    {"error", report.error ? report.error->message : ""}});
  }
  const std::string text = reports.empty() ? "no channel takes messages of that level\n"
                                           : table.Render(session.terminal());
  session.PrintOutcome({{"channels", std::move(list)}}, text);
  if (failed == 0) return {};
  return Fail(ErrorCode::kUnavailable, std::to_string(failed) + " of " +
                                           std::to_string(reports.size()) +
                                           " channels did not take it");
}

Result<> Notify(const Session& session, const FleetOptions& options, const NotifyOptions& notify) {
  MATIC_ASSIGN(const fleet::Inventory inventory, OpenFleet(options));
  notify::Message message;
  message.level = notify::ParseLevel(notify.level).value_or(notify::Level::kInfo);
  message.event = notify::Event::kSaid;
  message.title = notify.title;
  message.body = notify.message;
  message.node = inventory.name;
  message.fields = {{"from", FleetController::Holder()}};
  message.time = SystemClock().Now();
  MATIC_ASSIGN(const auto channels, Choose(inventory, message, notify.channels));
  if (!notify.dry_run) return Show(session, Deliver(channels, message), "delivered");
  std::vector<notify::DeliveryReport> reports;
  for (const notify::Channel& channel : channels) {
    reports.push_back({.channel = channel.name, .title = message.title, .error = {}});
  }
  return Show(session, reports, "would be told");
}

}  // namespace

void AddFleetNotifyCommand(CLI::App& fleet, Session& session, SharedFleetOptions options) {
  CLI::App* command =
      fleet.add_subcommand("notify", "Tell people something through the fleet's channels");
  auto notify = std::make_shared<NotifyOptions>();
  completion::TakesOneOf(
      command->add_option("--level", notify->level, "How much it matters [info]"),
      {"info", "warning", "error"});
  command->add_option("--message", notify->message, "What to say")->type_name("TEXT")->required();
  command->add_option("--title", notify->title, "A line above it [Message]")->type_name("TEXT");
  command
      ->add_option("--channel", notify->channels,
                   "Through these, whatever they are limited to; else through all that hear of "
                   "runs and take the level")
      ->type_name("NAME,...")
      ->expected(1)
      ->take_all()
      ->delimiter(',');
  command->add_flag("--dry-run", notify->dry_run, "Only show who would be told");
  command->footer(R"(Examples:
  osctl fleet notify --message 'the rack is moved at ten'
  osctl fleet notify --level error --message 'nas does not answer' --channel on-call)");
  command->callback([&session, options, notify] {
    session.RunLocal([&] { return Notify(session, *options, *notify); });
  });
}

}  // namespace matic::osctl
