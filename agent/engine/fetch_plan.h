// How much of an image an update would fetch.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace matic::engine {

// What Backend::Stage would fetch.
struct FetchPlan {
  std::optional<uint64_t> bytes;  // nothing where nobody says
  uint64_t reused_bytes = 0;      // of the image, which are here already
  uint64_t requests = 0;          // for parts of the image; 0: all of it is fetched at once
  std::string why_all = {};       // where all of it is fetched, though less might be
};

}  // namespace matic::engine
