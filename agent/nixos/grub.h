// GRUB 2, as NixOS installs it.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "agent/nixos/boot_loader.h"
#include "agent/nixos/grub_menu.h"

namespace matic::nixos {

// The menu is read from grub/grub.cfg of the boot folder, the rest from grub/grubenv.
class Grub final : public BootLoader {
 public:
  Grub(const Programs& programs, const HostPaths& paths) : programs_(programs), paths_(paths) {}

  std::string Name() const override { return "GRUB"; }
  // kNot where GRUB cannot write to the disk that grubenv is on, or grub.cfg does not ask for it:
  // it would start the system again and again, or never.
  StartOnce Way() const override;
  Result<std::optional<std::filesystem::path>> Default(std::stop_token stop) const override;
  Result<> StartNext(const std::filesystem::path& system, std::stop_token stop) const override;
  Result<std::optional<std::filesystem::path>> Next(std::stop_token stop) const override;
  Result<> ClearNext(std::stop_token stop) const override;

 private:
  using Variables = std::map<std::string, std::string>;

  Result<GrubMenu> Menu() const;
  Result<Variables> Environment(std::stop_token stop) const;
  Result<> CheckAble(const GrubMenu& menu, std::stop_token stop) const;
  Result<> CheckWritableForGrub(std::stop_token stop) const;
  Result<> Sync() const;
  std::filesystem::path folder() const { return paths_.boot / "grub"; }
  std::filesystem::path environment_block() const { return folder() / "grubenv"; }

  const Programs& programs_;
  const HostPaths& paths_;
};

}  // namespace matic::nixos
