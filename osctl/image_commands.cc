#include "osctl/image_commands.h"

#include <CLI/CLI.hpp>

#include "osctl/commands.h"

namespace matic::osctl {

void AddImageCommands(CLI::App& app, Session& session) {
  CLI::App* image = app.add_subcommand("image", "Make and look at images and disks");
  image->require_subcommand(1);
  image->footer(R"(Examples:
  osctl image pack --rootfs root --kernel vmlinuz --initrd initrd.img \
      --cmdline "console=ttyS0 panic=10" --out os-2.0.squashfs
  osctl image inspect os-2.0.squashfs
  osctl image disk --slot-a os-2.0.squashfs --size 2G --out disk.img)");
  AddImagePackCommand(*image, session);
  AddImageIndexCommand(*image, session);
  AddImagePatchCommand(*image, session);
  AddImageInspectCommand(*image, session);
  AddImageDiskCommand(*image, session);
}

void AddBootKeyOptions(CLI::App& command, std::string& key, std::string& certificate,
                       const std::string& what) {
  CLI::Option* key_option =
      command.add_option("--sign-key", key, "Sign the " + what + " for Secure Boot with this key")
          ->type_name("FILE");
  CLI::Option* certificate_option =
      command.add_option("--sign-cert", certificate, "The key's certificate")->type_name("FILE");
  key_option->needs(certificate_option);
  certificate_option->needs(key_option);
}

}  // namespace matic::osctl
