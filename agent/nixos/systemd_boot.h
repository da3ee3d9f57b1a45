// systemd-boot, and Lanzaboote beneath it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "agent/nixos/boot_loader.h"
#include "agent/nixos/loader_entries.h"

namespace matic::nixos {

// Entries are read from the boot partition, the rest from EFI variables, which bootctl writes.
class SystemdBoot final : public BootLoader {
 public:
  SystemdBoot(const Programs& programs, const HostPaths& paths)
      : programs_(programs), paths_(paths) {}

  std::string Name() const override { return "systemd-boot"; }
  // kBootCounts where no EFI variable can be set, but entries count their starts: a system that is
  // the default is then started until it has none left.
  StartOnce Way() const override;
  Result<std::optional<std::filesystem::path>> Default(std::stop_token stop) const override;
  Result<> StartNext(const std::filesystem::path& system, std::stop_token stop) const override;
  Result<std::optional<std::filesystem::path>> Next(std::stop_token stop) const override;
  Result<> ClearNext(std::stop_token stop) const override;

 private:
  std::vector<std::filesystem::path> Partitions() const;
  Result<std::vector<LoaderEntry>> Entries() const;
  Result<LoaderConfiguration> Configuration() const;
  Result<std::optional<LoaderEntry>> DefaultEntry() const;
  // In the order of the menu, so that the best comes first. kNotFound where there is none.
  Result<LoaderEntry> EntryOf(const std::filesystem::path& system) const;
  Result<> WriteOneShot(const std::string& id, std::stop_token stop) const;
  Result<> WriteAndRead(const std::string& name, std::stop_token stop) const;

  const Programs& programs_;
  const HostPaths& paths_;
};

}  // namespace matic::nixos
