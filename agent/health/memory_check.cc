#include "agent/health/memory_check.h"

#include <optional>
#include <sstream>

#include "lib/os/durable_file.h"

namespace matic::health {
namespace {

constexpr const char* kFile = "/proc/meminfo";
constexpr size_t kMaxBytes = 64 * 1024;

}  // namespace

Result<Memory> ParseMemory(const std::string& text) {
  std::optional<uint64_t> total;
  std::optional<uint64_t> available;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string key;
    uint64_t kibibytes = 0;
    if (!(words >> key >> kibibytes)) continue;
    if (key == "MemTotal:") total = kibibytes << 10;
    if (key == "MemAvailable:") available = kibibytes << 10;
  }
  if (!total || !available || *total == 0) {
    return Fail(ErrorCode::kCorrupt,
                std::string(kFile) + " does not tell total and available memory");
  }
  return Memory{*total, *available};
}

MemoryCheck::MemoryCheck(const config::MemoryCheck& check)
    : ConfiguredCheck("memory", check.settings),
      min_available_percent_(check.min_available_percent) {}

Finding MemoryCheck::Judge(const Memory& memory) const {
  const uint64_t percent = memory.available_bytes * 100 / memory.total_bytes;
  const std::string output = std::to_string(percent) + " % of " +
                             std::to_string(memory.total_bytes >> 20) + " MiB available";
  if (percent >= min_available_percent_) return {true, output};
  return {false, output + ", must be at least " + std::to_string(min_available_percent_) + " %"};
}

Finding MemoryCheck::Run(std::stop_token) {
  const Result<std::string> text = ReadFile(kFile, kMaxBytes);
  if (!text) return {false, text.error().message};
  const Result<Memory> memory = ParseMemory(*text);
  if (!memory) return {false, memory.error().message};
  return Judge(*memory);
}

}  // namespace matic::health
