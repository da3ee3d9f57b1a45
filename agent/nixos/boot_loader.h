// What a machine's boot loader starts by default, and how it is told to start a system once.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <stop_token>
#include <string_view>

#include "agent/nixos/host_paths.h"
#include "agent/nixos/host_state.h"
#include "agent/nixos/programs.h"
#include "lib/base/result.h"

namespace matic::nixos {

enum class BootLoaderKind {
  kAuto,  // found out
  kSystemdBoot,
  kGrub,
  kNone,  // one that is not known here, or none as in containers
};

// Systems are paths in the store. An entry is found by the init= that it starts, since the names
// and numbers of entries differ between releases of NixOS.
class BootLoader {
 public:
  virtual ~BootLoader() = default;

  virtual std::string_view name() const = 0;  // "systemd-boot"

  // How SetOnce does it; StartOnce::kNot where it cannot.
  virtual StartOnce means() const = 0;

  // Of the next start that is not told otherwise. Nothing where that is no NixOS system, or cannot
  // be known. kNotFound, kCorrupt where the boot loader's files are not what they should be.
  virtual Result<std::optional<std::filesystem::path>> Default(std::stop_token stop) = 0;

  // The next start, and that one alone, is of `system`: one that fails comes back to the default
  // without any userspace. Durable when this returns, and read back.
  //   kNotFound  it has no boot entry
  //   kRefused   this boot loader cannot, or counted its starts down to none
  virtual Result<> SetOnce(const std::filesystem::path& system, std::stop_token stop) = 0;

  // What SetOnce told, while no start has used it up. Nothing for what is no NixOS system.
  virtual Result<std::optional<std::filesystem::path>> PendingOnce(std::stop_token stop) = 0;

  // Done twice is done once.
  virtual Result<> ClearOnce(std::stop_token stop) = 0;

  // What is left of the starts that it counts down, where it counts those of `system`
  // (https://systemd.io/AUTOMATIC_BOOT_ASSESSMENT/): nothing for one that was blessed.
  virtual Result<std::optional<int>> TriesLeft(const std::filesystem::path& system) = 0;
};

// kAuto is systemd-boot where that started the machine, else what lies in paths.boot.
BootLoaderKind FindBootLoader(const HostPaths& paths);

// `programs` must outlive it.
std::unique_ptr<BootLoader> MakeBootLoader(BootLoaderKind kind, const Programs& programs,
                                           const HostPaths& paths);

// The system that a kernel command line starts: "init=/nix/store/…-nixos-system-web-24.11/init".
std::optional<std::filesystem::path> SystemOf(std::string_view command_line);

}  // namespace matic::nixos
