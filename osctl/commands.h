// The commands of osctl. Each adds itself to the command line; its callback runs after parsing and
// ends in Session::RunLocal or Session::RunRemote.
#pragma once

namespace CLI {
class App;
}

namespace matic::osctl {

class Session;

void AddImageCommands(CLI::App& app, Session& session);

}  // namespace matic::osctl
