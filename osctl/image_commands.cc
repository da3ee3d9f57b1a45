#include "osctl/image_commands.h"

#include <CLI/CLI.hpp>

#include "osctl/commands.h"

namespace matic::osctl {

void AddImageCommands(CLI::App& app, Session& session) {
  CLI::App* image = app.add_subcommand("image", "Make and look at images and disks");
  image->require_subcommand(1);
  AddImagePackCommand(*image, session);
  AddImageInspectCommand(*image, session);
  AddImageDiskCommand(*image, session);
}

}  // namespace matic::osctl
