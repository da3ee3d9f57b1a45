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
  std::optional<std::filesystem::path> system = {};  // nothing: no NixOS system
  std::optional<int> tries_left = {};                // where its starts are counted
  int tries_done = 0;
  std::string sort_key = {};
  std::string machine_id = {};
  std::string version = {};
};

// Those of `boot`: loader/entries/*.conf (Type #1), and EFI/Linux/*.efi (Type #2). What cannot be
// understood is no entry, as for systemd-boot. kNotFound where there are no such folders;
// kInvalidArgument for more than 10,000 files.
Result<std::vector<LoaderEntry>> ReadLoaderEntries(const std::filesystem::path& boot);

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
