// The command that prints completion scripts.
#pragma once

namespace CLI {
class App;
}

namespace matic::osctl {

class Session;

void AddCompletionCommand(CLI::App& app, Session& session);

}  // namespace matic::osctl
