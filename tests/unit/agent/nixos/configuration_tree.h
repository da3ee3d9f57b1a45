// A remote with a configuration, a person who pushes to it, and the machine's clone.
#pragma once

#include <filesystem>
#include <string>

#include "tests/unit/agent/nixos/nix_host.h"

namespace matic::nixos {

class ConfigurationTree : public NixHost {
 protected:
  ConfigurationTree();

  void Clone(const std::filesystem::path& to);
  void Commit(const std::filesystem::path& tree, const std::string& name,
              const std::string& content);
  // A commit of the person's.
  void Push(const std::string& name, const std::string& content);

  std::string Head(const std::filesystem::path& tree);
  std::string Content(const std::string& name) const;  // of a file of the machine's

  const std::filesystem::path remote_ = folder_ / "remote.git";
  const std::filesystem::path person_ = folder_ / "person";
  const std::filesystem::path tree_ = folder_ / "nixos";
};

}  // namespace matic::nixos
