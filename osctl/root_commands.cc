#include "osctl/root_commands.h"

#include <CLI/CLI.hpp>

#include "osctl/commands.h"
#include "osctl/signing.h"

namespace matic::osctl {

void AddRootCommands(CLI::App& app, Session& session) {
  CLI::App* root = app.add_subcommand("root", "Say which keys machines trust, and change them");
  root->require_subcommand(1);
  root->footer(R"(Example, a new release key in the place of a lost one:
  osctl root create --after 1.root.json --manifest-key release-2.pub --expires 365d
  osctl root sign --key root-1 2.root.json
  osctl root verify --after 1.root.json 2.root.json)");
  AddRootCreateCommand(*root, session);
  AddSignCommand(*root, session, trust::DocumentKind::kRoot);
  AddRootVerifyCommand(*root, session);
}

}  // namespace matic::osctl
