// osctl completion: not for people but for packages and `source <(osctl completion bash)`, so help
// does not show it.
#include "osctl/completion.h"

#include <CLI/CLI.hpp>
#include <memory>
#include <string>

#include "lib/completion/completion.h"
#include "osctl/session.h"

namespace matic::osctl {

void AddCompletionCommand(CLI::App& app, Session& session) {
  CLI::App* command = app.add_subcommand("completion", "Print the script that completes osctl");
  command->group("");
  auto name = std::make_shared<std::string>();
  completion::TakesOneOf(command->add_option("SHELL", *name, "The shell it is for"),
                         {"bash", "zsh", "fish"});
  command->get_option("SHELL")->required();
  command->callback([&app, &session, name] {
    session.RunLocal([&]() -> Result<> {
      MATIC_ASSIGN(const completion::Shell shell, completion::ParseShell(*name));
      session.out() << completion::Script(app, shell);
      return {};
    });
  });
}

}  // namespace matic::osctl
