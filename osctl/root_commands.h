// The subcommands of `osctl root`; none of them talks to a node.
#pragma once

namespace CLI {
class App;
}

namespace matic::osctl {

class Session;

void AddRootCreateCommand(CLI::App& root, Session& session);
void AddRootVerifyCommand(CLI::App& root, Session& session);

}  // namespace matic::osctl
