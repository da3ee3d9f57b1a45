// A machine with real Nix and git: a store, profiles and a configuration of its own, no network.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "agent/nixos/programs.h"
#include "agent/nixos/system.h"
#include "lib/os/process_runner.h"
#include "tests/unit/lib/os/temporary_folder.h"

namespace matic::nixos {

// What Nix makes read-only is deleted all the same.
class DeletableFolder {
 public:
  ~DeletableFolder();
  std::filesystem::path operator/(std::string_view name) const { return folder_ / name; }
  const std::filesystem::path& path() const { return folder_.path(); }

 private:
  const TemporaryFolder folder_;
};

class NixHost : public testing::Test {
 protected:
  NixHost();

  std::filesystem::path Write(const std::string& name, const std::string& content);

  // A flake without inputs in the folder "config", whose host "web" is a system of that version;
  // "broken", "greedy", "endless", "empty" and "fixed" are hosts whose builds fail, meet a full
  // disk, hang, make no system, and make one without switch-to-configuration.
  std::string WriteFlake(const std::string& version);

  // A program that has to end well, with the environment of the machine.
  std::string Do(const std::vector<std::string>& argv, const std::filesystem::path& folder = "/");

  // A store path with a system of that version, built.
  std::filesystem::path MakeSystem(const std::string& version);

  const DeletableFolder folder_;
  std::vector<std::string> environment_;
  SystemProcessRunner processes_;
  const Programs programs_;
};

}  // namespace matic::nixos
