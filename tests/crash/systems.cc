#include "tests/crash/systems.h"

#include <algorithm>
#include <stdexcept>

#include "lib/delta/index_image.h"
#include "tests/fakes/fake_block_device.h"
#include "tests/unit/agent/ab/tiny_image.h"
#include "tests/unit/lib/squashfs/small_squashfs.h"

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

// Whose images are put together of what the slots hold.
System MakeIndexed(const std::string& version) {
  static const std::vector<uint8_t> root =
      squashfs::MakeSquashfs({{"root", squashfs::Noise(kSharedRootBytes, 1)}});
  System system{
      version, Behaviour::kGood, ab::MakeImage({.version = version, .squashfs = root}), {}};
  system.sha256 = ab::DigestOf(system.image);
  fakes::FakeBlockDevice image(system.image.size());
  image.Put(0, system.image);
  const auto index = delta::IndexImage(image, system.image.size());
  if (!index) throw std::logic_error(index.error().message);
  system.index = delta::EncodeIndex(*index);
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
      Make("1.0", Behaviour::kGood, 1),
      Make("2.0", Behaviour::kGood, 2),
      Make("3.0", Behaviour::kGood, 3),
      Make("4.0", Behaviour::kGood, 4),
      Make("2.0-bad", Behaviour::kUnhealthy, 5),
      Make("panics", Behaviour::kPanics, 6),
      Make("9.0", Behaviour::kGood, 7),
      MakeIndexed("1.1"),
      MakeIndexed("2.1"),
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
