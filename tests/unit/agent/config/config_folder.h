// Configuration files in a folder of their own.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "agent/config/config.h"
#include "tests/unit/lib/os/temporary_folder.h"

namespace matic::config {

class ConfigFolder : public testing::Test {
 protected:
  std::filesystem::path Write(const std::string& name, const std::string& text) {
    const auto path = folder_ / name;
    std::ofstream(path, std::ios::binary) << text;
    return path;
  }

  Result<Config> LoadText(const std::string& text) { return Load({Write("agent.yaml", text)}); }

  std::string Complaint(const std::string& text) {
    const auto config = LoadText(text);
    if (config) return "taken";
    EXPECT_EQ(config.error().code, ErrorCode::kInvalidArgument);
    const std::string folder = folder_.string() + "/";
    const std::string& message = config.error().message;
    return message.starts_with(folder) ? message.substr(folder.size()) : message;
  }

  const TemporaryFolder temporary_;
  const std::filesystem::path folder_ = temporary_.path();
};

}  // namespace matic::config
