// What a machine's boot loader starts by default, and how it is told to start a system once.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include "agent/config/nixos.h"
#include "agent/nixos/host_paths.h"
#include "agent/nixos/host_state.h"
#include "agent/nixos/programs.h"
#include "lib/base/result.h"

namespace matic::nixos {

// Systems are paths in the store. An entry is found by the init= that it starts, since the names
// and numbers of entries differ between releases of NixOS. Thread-safe, and everything is read anew
// at each call. What the boot loader would pass by, such as the name of an entry that is gone, is
// nothing here too.
class BootLoader {
 public:
  virtual ~BootLoader() = default;

  virtual std::string Name() const = 0;  // "systemd-boot"

  // How StartNext does it. StartOnce::kNot where it cannot: StartNext then changes nothing and says
  // why.
  virtual StartOnce Way() const = 0;

  // The system of every start that is not told otherwise. Nothing where that is no NixOS system, or
  // cannot be known. kNotFound, kCorrupt where the boot loader's files are not what they should be.
  virtual Result<std::optional<std::filesystem::path>> Default(std::stop_token stop) const = 0;

  // The system of the next start and no other. Nothing where none is set, or a start used it up.
  virtual Result<std::optional<std::filesystem::path>> Next(std::stop_token stop) const = 0;

  // The next start, and no other, is of `system`: one that fails comes back to the default without
  // any userspace. Durable when this returns, and read back.
  //   kNotFound  it has no boot entry, or a garbage collection took it
  //   kRefused   this boot loader cannot, counted its starts down to none, or starts it by default:
  //              then it would be started again and again
  virtual Result<> StartNext(const std::filesystem::path& system, std::stop_token stop) const = 0;

  // Done twice is done once.
  virtual Result<> ClearNext(std::stop_token stop) const = 0;
};

// kAuto is systemd-boot where that started the machine, else what lies in paths.boot at each call.
// `programs` and `paths` must outlive it.
std::unique_ptr<BootLoader> MakeBootLoader(const Programs& programs, const HostPaths& paths,
                                           config::LoaderChoice choice);

// kNotFound for a system that is gone: its kernel would find no userspace.
Result<> CheckInStore(const std::filesystem::path& system);

// Of a system that the boot loader `name` starts again and again, by what `setting` says.
Error AlreadyTheDefault(const std::filesystem::path& system, std::string_view name,
                        std::string_view setting);

// The system that a kernel command line starts: "init=/nix/store/…-nixos-system-web-24.11/init".
std::optional<std::filesystem::path> SystemOf(std::string_view command_line);

}  // namespace matic::nixos
