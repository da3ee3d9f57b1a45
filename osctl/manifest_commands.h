// The subcommands of `osctl manifest`; none of them talks to a node.
#pragma once

namespace CLI {
class App;
}

namespace matic::osctl {

class Session;

void AddManifestCreateCommand(CLI::App& manifest, Session& session);
void AddManifestVerifyCommand(CLI::App& manifest, Session& session);

}  // namespace matic::osctl
