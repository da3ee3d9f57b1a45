// osctl health
#include <CLI/CLI.hpp>
#include <memory>

#include "osctl/client.h"
#include "osctl/commands.h"
#include "osctl/render/node.h"
#include "osctl/session.h"

namespace matic::osctl {

void AddHealthCommand(CLI::App& app, Session& session) {
  CLI::App* command = app.add_subcommand("health", "Show the node's health, check by check");
  auto refresh = std::make_shared<bool>(false);
  command->add_flag("--refresh", *refresh,
                    "Run the checks now, instead of showing the last results");
  command->footer("Examples:\n  osctl health\n  osctl health --refresh --output json");
  command->callback([&session, refresh] {
    session.RunRemote([&](Client& client) -> Result<ExitCode> {
      v1::GetHealthRequest request;
      request.set_refresh(*refresh);
      MATIC_ASSIGN(const v1::GetHealthResponse health, client.GetHealth(request));
      if (session.json()) {
        session.PrintJson(health, JsonLayout::kPretty);
      } else {
        session.out() << HealthText(health, session.terminal());
      }
      return ExitCode::kDone;
    });
  });
}

}  // namespace matic::osctl
