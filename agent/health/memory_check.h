// Whether memory is left.
#pragma once

#include <string>

#include "agent/health/configured_check.h"

namespace matic::health {

struct Memory {
  uint64_t total_bytes = 0;
  uint64_t available_bytes = 0;  // to new programs without swapping
};

// Of the text of /proc/meminfo, proc(5).
Result<Memory> ParseMemory(const std::string& text);

class MemoryCheck final : public ConfiguredCheck {
 public:
  explicit MemoryCheck(const config::MemoryCheck& check);

  Finding Run(std::stop_token stop) override;
  // "41 % of 2003 MiB available".
  Finding Judge(const Memory& memory) const;

 private:
  uint32_t min_available_percent_;
};

}  // namespace matic::health
