// The boot entries that systemd-boot reads, in its order
// (https://uapi-group.org/specifications/specs/boot_loader_specification/).
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "lib/base/result.h"

namespace matic::nixos {

struct LoaderEntry {
  std::string id;  // its file's name in lower case, without its counter: "nixos-generation-7.conf"
  std::string file_name = {};                        // in lower case
  std::optional<std::filesystem::path> system = {};  // nothing: no NixOS system
  std::optional<int> tries_left = {};                // where its starts are counted
  int tries_done = 0;
  std::string sort_key = {};
  std::string machine_id = {};
  std::string version = {};
};

// Those of the partitions `boot`: loader/entries/*.conf (Type #1), and EFI/Linux/*.efi (Type #2).
// What cannot be understood, or names a kernel that is not there, is no entry, as for systemd-boot.
// kNotFound where none of them has such folders; kInvalidArgument for more than 10,000 files.
Result<std::vector<LoaderEntry>> ReadLoaderEntries(const std::vector<std::filesystem::path>& boot);

// The best entry with that id, or whose id is of that pattern (glob(7)), in any case; nullptr where
// there is none. Of entries with a counter the id has none, or has it in old releases of
// systemd-boot, so that both are found. Old releases of NixOS leave ".conf" out.
enum class BadEntries { kTaken, kPassedBy };
const LoaderEntry* FindLoaderEntry(const std::vector<LoaderEntry>& entries, std::string pattern,
                                   BadEntries bad = BadEntries::kTaken);

// The order of the menu: bad ones last, the newest of a kind first.
void SortLoaderEntries(std::vector<LoaderEntry>& entries);

// loader.conf, as far as it says what is started.
struct LoaderConfiguration {
  std::string preferred = {};  // pattern of an id; from systemd 260 on; passes by bad entries
  std::string start = {};      // "default": a pattern, or "@saved"
};

// All empty where there is no such file. Lines that make no sense are passed by.
Result<LoaderConfiguration> ReadLoaderConfiguration(const std::filesystem::path& file);

}  // namespace matic::nixos
