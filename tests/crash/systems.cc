#include "tests/crash/systems.h"

#include <algorithm>
#include <stdexcept>

#include "tests/unit/agent/ab/tiny_image.h"

namespace matic::crash {
namespace {

System Make(const std::string& version, Behaviour behaviour, uint8_t seed) {
  System system{
      version,
      behaviour,
      ab::MakeImage({.version = version, .squashfs_bytes = 24 * 1024 - 100, .seed = seed}),
      {}};
  system.sha256 = ab::DigestOf(system.image);
  return system;
}

const System* Find(std::span<const uint8_t> slot, size_t bytes) {
  for (const System& system : Systems()) {
    const auto wanted = std::span(system.image).first(std::min(bytes, system.image.size()));
    if (slot.size() >= wanted.size() && std::ranges::equal(slot.first(wanted.size()), wanted)) {
      return &system;
    }
  }
  return nullptr;
}

}  // namespace

const std::vector<System>& Systems() {
  static const std::vector<System> systems = {
      Make("1.0", Behaviour::kGood, 1),      Make("2.0", Behaviour::kGood, 2),
      Make("3.0", Behaviour::kGood, 3),      Make("4.0", Behaviour::kGood, 4),
      Make("bad", Behaviour::kUnhealthy, 5), Make("panics", Behaviour::kPanics, 6),
      Make("last", Behaviour::kGood, 7),
  };
  return systems;
}

const System& SystemOf(std::string_view version) {
  const auto found = std::ranges::find(Systems(), version, &System::version);
  if (found == Systems().end()) throw std::logic_error("no system " + std::string(version));
  return *found;
}

const System* WholeSystemIn(std::span<const uint8_t> slot) { return Find(slot, SIZE_MAX); }

const System* SystemBegunIn(std::span<const uint8_t> slot) { return Find(slot, kFirstBlockBytes); }

}  // namespace matic::crash
