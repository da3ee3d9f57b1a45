#include "lib/os/block_range.h"

#include <string>

namespace matic {

Result<> CheckRange(std::string_view verb, std::string_view device, uint64_t offset,
                    uint64_t length, uint64_t size) {
  if (offset <= size && length <= size - offset) return {};
  return Fail(ErrorCode::kInvalidArgument,
              std::string(verb) + " " + std::string(device) + " at " + std::to_string(offset) +
                  ": " + std::to_string(length) + " bytes reach beyond its end (" +
                  std::to_string(size) + " bytes)");
}

}  // namespace matic
