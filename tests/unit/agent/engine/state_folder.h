// A state folder of a test's own, and what may happen to it.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <nlohmann/json.hpp>
#include <string>

#include "tests/unit/lib/os/temporary_folder.h"

namespace matic::engine {

class StateFolder {
 public:
  const std::filesystem::path& path() const { return folder_.path(); }
  std::filesystem::path File(const std::string& name) const { return folder_ / name; }

  std::string Text(const std::string& name) const {
    std::ifstream file(File(name));
    return {std::istreambuf_iterator<char>(file), {}};
  }
  void SetText(const std::string& name, const std::string& text) const {
    std::ofstream(File(name), std::ios::trunc) << text;
  }
  nlohmann::json Json(const std::string& name) const { return nlohmann::json::parse(Text(name)); }
  void SetJson(const std::string& name, const nlohmann::json& json) const {
    SetText(name, json.dump());
  }
  bool Has(const std::string& name) const { return std::filesystem::exists(File(name)); }

  // A folder stands where the file's temporary one must be made: no write succeeds, not root's
  // either.
  void Block(const std::string& name) const {
    std::filesystem::create_directory(File("." + name + ".new"));
  }
  void Unblock(const std::string& name) const {
    std::filesystem::remove(File("." + name + ".new"));
  }

  using Contents = std::map<std::string, std::string>;
  Contents Save() const {
    Contents contents;
    for (const auto& entry : std::filesystem::directory_iterator(path())) {
      if (!entry.is_regular_file()) continue;
      const std::string name = entry.path().filename();
      contents[name] = Text(name);
    }
    return contents;
  }
  // As they were, and nothing else.
  void Restore(const Contents& contents) const {
    for (const auto& entry : std::filesystem::directory_iterator(path())) {
      std::filesystem::remove_all(entry.path());
    }
    for (const auto& [name, text] : contents) SetText(name, text);
  }

 private:
  const TemporaryFolder folder_;
};

inline constexpr const char* kStateFile = "rollback_state.json";
inline constexpr const char* kScheduleFile = "update-schedule.json";
inline constexpr const char* kHistoryFile = "history.jsonl";

}  // namespace matic::engine
