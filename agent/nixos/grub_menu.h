// The menu of a grub.cfg, as far as nixpkgs' install-grub.pl writes one.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/result.h"

namespace matic::nixos {

struct GrubItem {
  std::string title;
  std::string id = {};                               // of --id
  std::optional<std::filesystem::path> system = {};  // nothing: no NixOS system
  std::vector<GrubItem> items = {};                  // of a submenu
  bool is_submenu = false;
};

struct GrubMenu {
  std::vector<GrubItem> items;
  // `set default=`: "0", a title or a path of titles; "${saved_entry}" where GRUB remembers.
  std::string start;
  // Whether it starts what grub-reboot asked for.
  bool takes_next = false;
};

// Everything that is not understood is passed by. kCorrupt for a text that ends within an entry.
Result<GrubMenu> ParseGrubMenu(std::string_view text);

// What GRUB starts by that name: titles, ids and numbers from 0 on, with '>' between a submenu and
// what is in it, and ">>" for a '>' in a title. Nothing where it leads nowhere or to a submenu.
const GrubItem* FindGrubItem(const GrubMenu& menu, std::string_view name);

// A name that leads to an entry of `system`: of titles, which mean the same after grub.cfg was
// written anew, or of numbers where another entry has the title too.
std::optional<std::string> GrubNameOf(const GrubMenu& menu, const std::filesystem::path& system);

}  // namespace matic::nixos
