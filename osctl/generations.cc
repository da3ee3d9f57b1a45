// osctl generations
#include <CLI/CLI.hpp>

#include "osctl/client/client.h"
#include "osctl/commands.h"
#include "osctl/render/node.h"
#include "osctl/session.h"

namespace matic::osctl {

void AddGenerationsCommand(CLI::App& app, Session& session) {
  CLI::App* command = app.add_subcommand(
      "generations", "Show the generations of a Nix host: which runs, starts next, is golden");
  command->footer("Examples:\n  osctl generations\n  osctl --node web-3 generations --output json");
  command->callback([&session] {
    session.RunRemote([&](Client& client) -> Result<ExitCode> {
      MATIC_ASSIGN(v1::GetStatusResponse status, client.GetStatus(v1::GetStatusRequest()));
      if (status.backend() != "nixos") {
        return Fail(ErrorCode::kRefused, "this node has slots and no generations (backend " +
                                             status.backend() + "); osctl status shows them");
      }
      if (session.json()) {
        v1::GetStatusResponse targets;
        targets.mutable_targets()->Swap(status.mutable_targets());
        session.PrintJson(targets, JsonLayout::kPretty);
      } else {
        session.out() << GenerationTable(status, session.terminal());
      }
      return ExitCode::kDone;
    });
  });
}

}  // namespace matic::osctl
