// The commands of osctl. Each adds itself to the command line; its callback runs after parsing and
// ends in Session::RunLocal or Session::RunRemote.
#pragma once

namespace CLI {
class App;
}

namespace matic::osctl {

class Session;

void AddStatusCommand(CLI::App& app, Session& session);
void AddHealthCommand(CLI::App& app, Session& session);
void AddScheduleCommand(CLI::App& app, Session& session);
void AddRollbackCommand(CLI::App& app, Session& session);
void AddPlanCommand(CLI::App& app, Session& session);
void AddGenerationsCommand(CLI::App& app, Session& session);
void AddHistoryCommand(CLI::App& app, Session& session);
void AddRebootCommand(CLI::App& app, Session& session);
void AddFleetCommand(CLI::App& app, Session& session);
void AddPkiCommand(CLI::App& app, Session& session);
void AddImageCommands(CLI::App& app, Session& session);
void AddKeyCommand(CLI::App& app, Session& session);
void AddRootCommands(CLI::App& app, Session& session);
void AddManifestCommands(CLI::App& app, Session& session);

// `osctl schedule update` and `result`, added by AddScheduleCommand.
void AddScheduleUpdateCommand(CLI::App& schedule, Session& session);
void AddScheduleResultCommand(CLI::App& schedule, Session& session);

}  // namespace matic::osctl
