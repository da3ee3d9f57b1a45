// What the agent reads of a Nix host: its boot loader's menu and entries, names of flakes and
// systems, and what its programs print. The input is the number of a reader below, and the text.

#include <algorithm>
#include <iterator>

#include "agent/nixos/build.h"
#include "agent/nixos/grub_menu.h"
#include "agent/nixos/loader_entries.h"
#include "agent/nixos/nix_version.h"
#include "agent/nixos/store_path.h"
#include "agent/nixos/system.h"
#include "agent/nixos/uki_command_line.h"
#include "tests/fuzz/input.h"
#include "tests/fuzz/temporary_folder.h"

namespace {

using namespace matic;
using namespace matic::nixos;

const fuzz::TemporaryFolder& Folder() {
  static const fuzz::TemporaryFolder folder;
  return folder;
}

// What the agent tells GRUB to start next is what it means.
void ClaimNames(const GrubMenu& menu, const std::vector<GrubItem>& items) {
  for (const GrubItem& item : items) {
    if (item.system) {
      if (const auto name = GrubNameOf(menu, *item.system)) {
        const GrubItem* found = FindGrubItem(menu, *name);
        FUZZ_CLAIM(found != nullptr && found->system == item.system);
      }
    }
    ClaimNames(menu, item.items);
  }
}

void TryGrubMenu(const std::string& text) {
  const auto menu = ParseGrubMenu(text);
  if (!menu) {
    FUZZ_CLAIM(menu.error().code == ErrorCode::kCorrupt);
    return;
  }
  if (const GrubItem* start = FindGrubItem(*menu, menu->start)) FUZZ_CLAIM(!start->is_submenu);
  ClaimNames(*menu, menu->items);
}

// Two entries, so that they are put in order: the text is cut in the middle.
void TryLoaderEntries(const std::string& text) {
  Folder().Empty();
  const size_t middle = text.size() / 2;
  Folder().Put("loader/entries/nixos-generation-7+2-1.conf", text.substr(0, middle));
  Folder().Put("loader/entries/nixos-generation-12.conf", text.substr(middle));
  Folder().Put("EFI/nixos/kernel.efi", "k");
  auto entries = ReadLoaderEntries({Folder().path()});
  FUZZ_CLAIM(entries.has_value() && entries->size() <= 2);
  for (const LoaderEntry& entry : *entries) {
    const LoaderEntry* found = FindLoaderEntry(*entries, entry.id);
    FUZZ_CLAIM(found != nullptr && found->id == entry.id);
  }
  SortLoaderEntries(*entries);
}

void TryLoaderConfiguration(const std::string& text) {
  Folder().Empty();
  const auto read = ReadLoaderConfiguration(Folder().Put("loader/loader.conf", text));
  FUZZ_CLAIM(read.has_value());
  FUZZ_CLAIM(read->start.find('\n') == std::string::npos);
}

void TryFlakeTarget(const std::string& text) {
  const auto target = ParseFlakeTarget(text, "host");
  if (!target) return;
  FUZZ_CLAIM(!target->flake.empty() && !target->host.empty());
  // It becomes an argument of nix.
  FUZZ_CLAIM(!target->flake.starts_with('-') && target->flake.find('\0') == std::string::npos);
  const auto back = ParseFlakeTarget(target->flake + "#" + target->host, "another");
  FUZZ_CLAIM(back && *back == *target);
  if (const auto folder = FolderOf(*target)) FUZZ_CLAIM(folder->is_absolute());
}

void TryNixVersion(const std::string& text) {
  const auto version = ParseNixVersion(text);
  if (!version) return;
  const auto back = ParseNixVersion("nix (Nix) " + std::to_string(version->major) + "." +
                                    std::to_string(version->minor) + ".0\n");
  FUZZ_CLAIM(back && *back == *version);
}

void TryStorePath(const std::string& text) {
  const auto path = ParseStorePath(text);
  if (!path) return;
  FUZZ_CLAIM(path->string() == text && path->parent_path() == "/nix/store");
  FUZZ_CLAIM(path->lexically_normal() == *path);
}

void TryUki(const std::string& text) {
  Folder().Empty();
  const auto line = ReadUkiCommandLine(Folder().Put("kernel.efi", text));
  if (line) FUZZ_CLAIM(line->size() <= 64 * 1024 && line->find('\0') == std::string::npos);
}

void TrySystem(const std::string& text) {
  Folder().Empty();
  const auto file = Folder().Put("nixos-version", "24.05");
  Folder().Put("switch-inhibitors", text);
  Folder().Put("init-interface-version", text.substr(0, 100));
  const auto system = ReadSystem(file.parent_path());
  if (!system) return;
  FUZZ_CLAIM(!CheckActivatable(*system));
  FUZZ_CLAIM(RebootReasons(*system, *system, *system).empty());
}

// Only added to: corpora have these numbers.
constexpr void (*kReaders[])(const std::string&) = {
    TryGrubMenu,    TryLoaderEntries, TryLoaderConfiguration,
    TryFlakeTarget, TryNixVersion,    TryStorePath,
    TryUki,         TrySystem,
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  kReaders[data[0] % std::size(kReaders)](std::string(fuzz::Text(data + 1, size - 1)));
  return 0;
}
