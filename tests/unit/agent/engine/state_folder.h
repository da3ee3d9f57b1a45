// A state folder of a test's own, and what may happen to it.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <nlohmann/json.hpp>
#include <string>

namespace matic::engine {

class StateFolder {
 public:
  StateFolder() {
    std::string pattern = testing::TempDir() + "/state-XXXXXX";
    path_ = mkdtemp(pattern.data());
  }
  ~StateFolder() { std::filesystem::remove_all(path_); }
  StateFolder(const StateFolder&) = delete;
  StateFolder& operator=(const StateFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path File(const std::string& name) const { return path_ / name; }

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
    for (const auto& entry : std::filesystem::directory_iterator(path_)) {
      if (!entry.is_regular_file()) continue;
      const std::string name = entry.path().filename();
      contents[name] = Text(name);
    }
    return contents;
  }
  // As they were, and nothing else.
  void Restore(const Contents& contents) const {
    for (const auto& entry : std::filesystem::directory_iterator(path_)) {
      std::filesystem::remove_all(entry.path());
    }
    for (const auto& [name, text] : contents) SetText(name, text);
  }

 private:
  std::filesystem::path path_;
};

inline constexpr const char* kStateFile = "rollback_state.json";
inline constexpr const char* kScheduleFile = "update-schedule.json";
inline constexpr const char* kHistoryFile = "history.jsonl";

}  // namespace matic::engine
