// osctl reboot
#include <CLI/CLI.hpp>
#include <memory>

#include "osctl/client/client.h"
#include "osctl/commands.h"
#include "osctl/session.h"

namespace matic::osctl {

void AddRebootCommand(CLI::App& app, Session& session) {
  CLI::App* command = app.add_subcommand(
      "reboot", "Reboot the node; a system on trial gets its try back, at most three times");
  auto request = std::make_shared<v1::RebootRequest>();
  command->add_option("--reason", *request->mutable_reason(), "Why, for the log")
      ->type_name("TEXT");
  command->footer("Example:\n  osctl --node edge-7 reboot --reason \"new firmware\"");
  command->callback([&session, request] {
    session.RunRemote([&](Client& client) -> Result<ExitCode> {
      MATIC_ASSIGN(const v1::RebootResponse response, client.Reboot(*request));
      if (session.json()) {
        session.PrintJson(response, JsonLayout::kPretty);
      } else {
        session.out() << (response.try_given_back()
                              ? "Rebooting; the system on trial got its try back\n"
                              : "Rebooting\n");
      }
      return ExitCode::kDone;
    });
  });
}

}  // namespace matic::osctl
