// The systems that stories install, each with an image of its own.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace matic::crash {

enum class Behaviour {
  kGood,
  kUnhealthy,  // starts, and its health check fails
  kPanics,     // the kernel starts and restarts the machine, and no agent ever runs
};

struct System {
  std::string version;
  Behaviour behaviour = Behaviour::kGood;
  std::vector<uint8_t> image;
  std::string sha256;
  std::vector<uint8_t> index = {};  // published beside the image; empty: none is
};

// "1.0" to "4.0" and "9.0" are good, "2.0-bad" is unhealthy, "panics" panics. "1.1" and "2.1" are
// good and have an index and their root in common.
inline constexpr size_t kSharedRootBytes = 24'000;  // and somewhat more: nothing makes it smaller
const std::vector<System>& Systems();
const System& SystemOf(std::string_view version);

inline constexpr size_t kFirstBlockBytes = 4096;

// What the whole of `slot` begins with; null where it is no image.
const System* WholeSystemIn(std::span<const uint8_t> slot);
// The one whose first block `slot` has, whatever follows.
const System* SystemBegunIn(std::span<const uint8_t> slot);

}  // namespace matic::crash
