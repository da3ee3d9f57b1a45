// A machine with systems that can be switched to, and a systemd that starts units and tells of
// them. What runs in a unit really runs, apart from the test.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "agent/nixos/host_paths.h"
#include "agent/nixos/programs.h"
#include "lib/os/process_runner.h"
#include "tests/unit/lib/os/temporary_folder.h"

namespace matic::nixos {

class SwitchHost : public testing::Test {
 protected:
  SwitchHost();
  ~SwitchHost() override;

  std::filesystem::path Write(const std::string& name, const std::string& content);
  std::string Read(const std::string& name) const;
  // A program in PATH.
  void WriteProgram(const std::string& name, const std::string& script);
  // A system in the store whose switch-to-configuration is that script.
  std::filesystem::path MakeSystem(const std::string& version, const std::string& script);

  // What `systemctl list-units --state=failed` lists from now on.
  void SetFailedUnits(const std::vector<std::string>& units);
  // Kills what runs in a unit, as the kernel does without memory.
  void KillUnit(const std::string& unit);
  // The processes of all units, so that none is started twice.
  size_t UnitsStarted() const;
  static void AwaitFile(const std::filesystem::path& path);

  const TemporaryFolder folder_;
  SystemProcessRunner processes_;
  const Programs programs_;
  HostPaths paths_;

 private:
  const std::string path_before_;
};

}  // namespace matic::nixos
