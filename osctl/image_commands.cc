#include <CLI/CLI.hpp>

#include "osctl/commands.h"
#include "osctl/session.h"

namespace matic::osctl {

void AddImageCommands(CLI::App& app, Session& session) {
  (void)session;
  app.add_subcommand("image", "Make and look at images and disks")->require_subcommand(1);
}

}  // namespace matic::osctl
