// osctl status
#include <CLI/CLI.hpp>

#include "osctl/client/client.h"
#include "osctl/commands.h"
#include "osctl/render/node.h"
#include "osctl/session.h"

namespace matic::osctl {
namespace {

constexpr uint32_t kEvents = 10;

}  // namespace

void AddStatusCommand(CLI::App& app, Session& session) {
  CLI::App* command = app.add_subcommand(
      "status", "Show what the node runs, its slots, what is under way, and what happened last");
  command->footer("Examples:\n  osctl status\n  osctl --node edge-7 status --output json");
  command->callback([&session] {
    session.RunRemote([&](Client& client) -> Result<ExitCode> {
      v1::GetStatusRequest request;
      request.set_events(kEvents);
      MATIC_ASSIGN(const v1::GetStatusResponse status, client.GetStatus(request));
      if (session.json()) {
        session.PrintJson(status, JsonLayout::kPretty);
      } else {
        session.out() << StatusText(status, session.terminal());
      }
      return ExitCode::kDone;
    });
  });
}

}  // namespace matic::osctl
