// osctl rollback trigger, history
#include <CLI/CLI.hpp>
#include <memory>

#include "osctl/client/client.h"
#include "osctl/commands.h"
#include "osctl/render/names.h"
#include "osctl/render/node.h"
#include "osctl/session.h"

namespace matic::osctl {
namespace {

void AddTrigger(CLI::App& rollback, Session& session) {
  CLI::App* command = rollback.add_subcommand(
      "trigger", "Go back to the previous system, by a reboot where it takes one");
  auto request = std::make_shared<v1::TriggerRollbackRequest>();
  command->add_option("--reason", *request->mutable_reason(), "Why, for the history")
      ->type_name("TEXT");
  const auto generation = std::make_shared<uint64_t>(0);
  CLI::Option* number =
      command
          ->add_option("--to-generation", *generation,
                       "Of a Nix host: this generation (`osctl generations` shows them)")
          ->type_name("N")
          ->check(CLI::Range(uint64_t{1}, UINT64_MAX).description(""));
  const auto golden = std::make_shared<bool>(false);
  command
      ->add_flag("--golden", *golden, "Of a Nix host: the system that is kept as the last way back")
      ->excludes(number);
  command->footer(
      "Examples:\n  osctl rollback trigger --reason \"checkout is slow since 2.0\"\n  osctl "
      "rollback trigger --to-generation 41\n  osctl rollback trigger --golden");
  command->callback([&session, request, generation, golden] {
    request->set_to_generation(*generation);
    request->set_to_golden(*golden);
    session.RunRemote([&](Client& client) -> Result<ExitCode> {
      MATIC_ASSIGN(const v1::TriggerRollbackResponse response, client.TriggerRollback(*request));
      if (session.json()) {
        session.PrintJson(response, JsonLayout::kPretty);
      } else {
        session.out() << "Rolling back from " << Shown(response.from()) << " to "
                      << Shown(response.to()) << "; follow it with: osctl status\n";
      }
      return ExitCode::kDone;
    });
  });
}

void AddHistory(CLI::App& rollback, Session& session) {
  CLI::App* command =
      rollback.add_subcommand("history", "Show past rollbacks and why, the newest first");
  auto limit = std::make_shared<uint32_t>(50);
  command->add_option("--limit", *limit, "At most this many")
      ->type_name("N")
      ->check(CLI::Range(1, 500).description(""))
      ->capture_default_str();
  command->footer("Example:\n  osctl rollback history --limit 5");
  command->callback([&session, limit] {
    session.RunRemote([&](Client& client) -> Result<ExitCode> {
      v1::GetRollbackHistoryRequest request;
      request.set_limit(*limit);
      MATIC_ASSIGN(const v1::GetRollbackHistoryResponse response,
                   client.GetRollbackHistory(request));
      if (session.json()) {
        session.PrintJson(response, JsonLayout::kPretty);
      } else {
        session.out() << RollbackTable(response, session.terminal());
      }
      return ExitCode::kDone;
    });
  });
}

}  // namespace

void AddRollbackCommand(CLI::App& app, Session& session) {
  CLI::App* rollback = app.add_subcommand("rollback", "Go back by hand, and see past rollbacks");
  rollback->require_subcommand(1);
  rollback->footer(
      "Examples:\n  osctl rollback trigger --reason \"checkout is slow since 2.0\"\n  osctl "
      "rollback history");
  AddTrigger(*rollback, session);
  AddHistory(*rollback, session);
}

}  // namespace matic::osctl
