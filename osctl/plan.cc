// osctl plan
#include "osctl/render/plan.h"

#include <CLI/CLI.hpp>
#include <memory>

#include "osctl/client/client.h"
#include "osctl/commands.h"
#include "osctl/session.h"
#include "osctl/update_request.h"

namespace matic::osctl {

void AddPlanCommand(CLI::App& app, Session& session) {
  CLI::App* command =
      app.add_subcommand("plan",
                         "Show what an update would do, without doing it; takes the options of "
                         "schedule update");
  auto options = std::make_shared<UpdateOptions>();
  AddUpdateOptions(*command, *options);
  command->footer(R"(The exit code is 6 where a check would stop the update.

Examples:
  osctl plan --source https://cdn.example.com/stable.json
  osctl plan --source https://cdn.example.com/os-2.0.squashfs --sha256 9f2c... \
      --window "Sat,Sun 02:00-05:00")");
  command->callback([&session, options] {
    const auto update = ToRequest(*options);
    if (!update) return session.Fail(update.error(), ExitCode::kUsage);
    session.RunRemote([&](Client& client) -> Result<ExitCode> {
      v1::PlanUpdateRequest request;
      *request.mutable_update() = *update;
      MATIC_ASSIGN(const v1::PlanUpdateResponse plan, client.PlanUpdate(request));
      if (session.json()) {
        session.PrintJson(plan, JsonLayout::kPretty);
      } else {
        session.out() << PlanText(plan, session.terminal());
      }
      return plan.possible() ? ExitCode::kDone : ExitCode::kRefused;
    });
  });
}

}  // namespace matic::osctl
