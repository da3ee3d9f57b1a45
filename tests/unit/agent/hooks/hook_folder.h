// Hooks in a folder of their own.
#pragma once

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>
#include <string>
#include <vector>

#include "agent/hooks/runner.h"
#include "tests/unit/lib/os/temporary_folder.h"

namespace matic::hooks {

class HookFolder : public testing::Test {
 protected:
  HookFolder() { hooks_.dir = folder_.path(); }

  // A shell script; `name` with its folder: "pre.d/10-backup".
  std::filesystem::path Script(const std::string& name, const std::string& body,
                               mode_t mode = 0755) {
    const std::filesystem::path path = folder_ / name;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path) << "#!/bin/sh\n" << body << "\n";
    ::chmod(path.c_str(), mode);
    return path;
  }

  std::string Content(const std::string& name) const {
    std::ifstream file(folder_ / name);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  static std::vector<std::string> NamesOf(const Report& report) {
    std::vector<std::string> names;
    for (const HookResult& hook : report.hooks) names.push_back(hook.name);
    return names;
  }

  const TemporaryFolder folder_;
  config::Hooks hooks_;
};

}  // namespace matic::hooks
