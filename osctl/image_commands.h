// The subcommands of `osctl image`; none of them talks to a node.
#pragma once

namespace CLI {
class App;
}

namespace matic::osctl {

class Session;

void AddImagePackCommand(CLI::App& image, Session& session);
void AddImageInspectCommand(CLI::App& image, Session& session);
void AddImageDiskCommand(CLI::App& image, Session& session);

}  // namespace matic::osctl
