#include "osctl/manifest_commands.h"

#include <CLI/CLI.hpp>

#include "osctl/commands.h"
#include "osctl/signing.h"

namespace matic::osctl {

void AddManifestCommands(CLI::App& app, Session& session) {
  CLI::App* manifest =
      app.add_subcommand("manifest", "Describe an image, and sign it for the machines that run it");
  manifest->require_subcommand(1);
  manifest->footer(
      R"(A manifest beside an image is named IMAGE.manifest.json. A channel is a manifest under a fixed
name (stable.json), made with --channel stable.

Example:
  osctl manifest create --image os-2.0.squashfs --product maticos --expires 90d
  osctl manifest sign --key release-1 os-2.0.squashfs.manifest.json
  osctl manifest verify --root 1.root.json os-2.0.squashfs.manifest.json)");
  AddManifestCreateCommand(*manifest, session);
  AddSignCommand(*manifest, session, trust::DocumentKind::kManifest);
  AddManifestVerifyCommand(*manifest, session);
}

}  // namespace matic::osctl
