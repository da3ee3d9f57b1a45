// osctl history
#include "osctl/render/history.h"

#include <CLI/CLI.hpp>
#include <chrono>
#include <memory>

#include "osctl/client/client.h"
#include "osctl/commands.h"
#include "osctl/session.h"

namespace matic::osctl {
namespace {

struct HistoryOptions {
  uint32_t days = 0;
  uint32_t limit = 50;
  bool output = false;
};

}  // namespace

void AddHistoryCommand(CLI::App& app, Session& session) {
  CLI::App* command =
      app.add_subcommand("history", "Show what happened on the node, the newest first");
  auto options = std::make_shared<HistoryOptions>();
  command->add_option("--days", options->days, "Only the last so many days")
      ->type_name("N")
      ->check(CLI::Range(1, 36500).description(""));
  command->add_option("--limit", options->limit, "At most this many")
      ->type_name("N")
      ->check(CLI::Range(1, 500).description(""))
      ->capture_default_str();
  command->add_flag("--with-output", options->output,
                    "Also what hooks said, and the end of a failed start's journal");
  command->footer(R"(Examples:
  osctl history --days 7
  osctl history --limit 5 --with-output)");
  command->callback([&session, options] {
    session.RunRemote([&](Client& client) -> Result<ExitCode> {
      v1::GetHistoryRequest request;
      request.set_limit(options->limit);
      if (options->days > 0) {
        const auto since = std::chrono::system_clock::now() - std::chrono::days(options->days);
        request.mutable_since()->set_seconds(std::chrono::system_clock::to_time_t(since));
      }
      MATIC_ASSIGN(const v1::GetHistoryResponse response, client.GetHistory(request));
      if (session.json()) {
        session.PrintJson(response, JsonLayout::kPretty);
      } else if (options->output) {
        session.out() << HistoryWithOutput(response, session.terminal());
      } else {
        session.out() << HistoryTable(response, session.terminal());
      }
      return ExitCode::kDone;
    });
  });
}

}  // namespace matic::osctl
