#include "tests/crash/report.h"

#include <algorithm>
#include <exception>
#include <fstream>
#include <nlohmann/json.hpp>

#include "lib/base/hex.h"

namespace matic::crash {
namespace {

using Json = nlohmann::json;

constexpr size_t kShownFailures = 5;

template <typename States>
std::array<size_t, kStateClasses> Count(const States& states) {
  std::array<size_t, kStateClasses> counts{};
  for (const auto& [key, state_class] : states) ++counts[static_cast<size_t>(state_class)];
  return counts;
}

Key KeyFrom(const std::string& hex) {
  const Result<std::vector<uint8_t>> bytes = HexDecode(hex);
  Key key{};
  if (bytes && bytes->size() == key.size()) std::ranges::copy(*bytes, key.begin());
  return key;
}

StoryReport ReportFrom(const Json& json) {
  StoryReport report;
  report.error = json.at("error");
  report.operations = json.at("operations");
  report.runs = json.at("runs");
  report.payload_only = json.at("payload_only");
  report.failures = json.at("failures");
  for (const auto& [hex, state_class] : json.at("states").items()) {
    report.states[KeyFrom(hex)] = static_cast<StateClass>(state_class.get<int>());
  }
  return report;
}

void PrintClasses(const std::array<size_t, kStateClasses>& counts, std::FILE* out) {
  for (size_t i = 0; i < counts.size(); ++i) {
    const std::string name(ClassName(static_cast<StateClass>(i)));
    std::fprintf(out, " %s=%zu", name.c_str(), counts[i]);
  }
}

}  // namespace

void WriteReport(const StoryReport& report, const std::filesystem::path& path) {
  Json states = Json::object();
  for (const auto& [key, state_class] : report.states) {
    states[HexEncode(key)] = static_cast<int>(state_class);
  }
  const Json json = {{"error", report.error},       {"operations", report.operations},
                     {"runs", report.runs},         {"payload_only", report.payload_only},
                     {"failures", report.failures}, {"states", states}};
  std::ofstream(path) << json.dump();
}

StoryReport ReadReport(const std::string& story, const std::filesystem::path& path) {
  StoryReport report;
  try {
    std::ifstream file(path);
    report = ReportFrom(Json::parse(file));
  } catch (const std::exception& error) {
    report.error = "its process ended without a report";
  }
  report.story = story;
  return report;
}

void Summary::Add(const StoryReport& report) {
  operations_ += report.operations;
  runs_ += report.runs;
  payload_only_ += report.payload_only;
  failures_ += report.failures.size() + (report.error.empty() ? 0 : 1);
  states_.insert(report.states.begin(), report.states.end());
}

void Summary::Print(std::FILE* out) const {
  std::fprintf(out, "operations=%zu machines run=%zu, in %zu of them payload alone differed\n",
               operations_, runs_, payload_only_);
  std::fprintf(out, "distinct states:");
  PrintClasses(Count(states_), out);
  std::fprintf(out, "\nstates=%zu failures=%zu\n", states_.size(), failures_);
}

void Print(const StoryReport& report, std::FILE* out) {
  std::fprintf(out, "%-24s operations=%-4zu states=%-6zu", report.story.c_str(), report.operations,
               report.states.size());
  PrintClasses(Count(report.states), out);
  std::fprintf(out, " failures=%zu\n", report.failures.size());
  if (!report.error.empty()) std::fprintf(out, "  %s\n", report.error.c_str());
  for (size_t i = 0; i < std::min(kShownFailures, report.failures.size()); ++i) {
    std::fprintf(out, "  %s\n", report.failures[i].c_str());
  }
  std::fflush(out);
}

}  // namespace matic::crash
