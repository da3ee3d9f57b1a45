// What sweeps of several stories, run by several processes, come to together.
#pragma once

#include <array>
#include <cstdio>
#include <filesystem>
#include <string>
#include <unordered_map>
#include <vector>

#include "tests/crash/sweep.h"

namespace matic::crash {

struct StoryReport {
  std::string story;
  std::string error;  // the story could not be played; empty: it could
  size_t operations = 0;
  size_t runs = 0;
  size_t payload_only = 0;
  std::unordered_map<Key, StateClass, KeyHash> states;
  std::vector<std::string> failures;
};

// Over a file, since each story has a process of its own. An error is in the report.
void WriteReport(const StoryReport& report, const std::filesystem::path& path);
StoryReport ReadReport(const std::string& story, const std::filesystem::path& path);

class Summary {
 public:
  void Add(const StoryReport& report);
  void Print(std::FILE* out) const;
  size_t states() const { return states_.size(); }
  size_t failures() const { return failures_; }

 private:
  size_t operations_ = 0;
  size_t runs_ = 0;
  size_t payload_only_ = 0;
  size_t failures_ = 0;
  std::unordered_map<Key, StateClass, KeyHash> states_;
};

// The line of one story, and of what failed in it.
void Print(const StoryReport& report, std::FILE* out);

}  // namespace matic::crash
