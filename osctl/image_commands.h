// The subcommands of `osctl image`; none of them talks to a node.
#pragma once

#include <string>

namespace CLI {
class App;
}

namespace matic::osctl {

class Session;

void AddImagePackCommand(CLI::App& image, Session& session);
void AddImageIndexCommand(CLI::App& image, Session& session);
void AddImagePatchCommand(CLI::App& image, Session& session);
void AddImageInspectCommand(CLI::App& image, Session& session);
void AddImageDiskCommand(CLI::App& image, Session& session);

// --sign-key and --sign-cert, which take one another, for Secure Boot; `what` they sign is named in
// their help. Both stay empty where they are not given.
void AddBootKeyOptions(CLI::App& command, std::string& key, std::string& certificate,
                       const std::string& what);

}  // namespace matic::osctl
