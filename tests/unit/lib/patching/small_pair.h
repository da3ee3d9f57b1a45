// Two versions of a small image, and a patch that is read from memory.
#pragma once

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "lib/delta/patch_content.h"
#include "tests/fakes/fake_block_device.h"
#include "tests/unit/lib/squashfs/small_squashfs.h"

namespace matic::patching {

using Bytes = std::vector<uint8_t>;

inline std::unique_ptr<fakes::FakeBlockDevice> DeviceOf(const Bytes& bytes) {
  auto device = std::make_unique<fakes::FakeBlockDevice>(bytes.size());
  device->Put(0, bytes);
  return device;
}

struct SmallPair {
  Bytes before;
  Bytes after;
};

// A text grows at its start and another one at its end, one is new; behind the squashfs stands
// noise of which a little changes.
inline SmallPair MakeSmallPair(const std::vector<std::string>& options = {}) {
  squashfs::Files files;
  for (uint32_t i = 0; i < 8; ++i)
    files["usr/lib/" + std::to_string(i)] = squashfs::Text(200000, i);
  for (uint32_t i = 0; i < 8; ++i)
    files["usr/doc/" + std::to_string(i)] = squashfs::Text(3000, 50 + i);
  const auto image = [&](const std::string& noise) {
    Bytes bytes = squashfs::MakeSquashfs(files, options);
    bytes.insert(bytes.end(), noise.begin(), noise.end());
    bytes.resize((bytes.size() + 4095) / 4096 * 4096);
    return bytes;
  };
  std::string noise = squashfs::Noise(300000, 99);
  SmallPair pair;
  pair.before = image(noise);
  files["usr/lib/3"].insert(0, "grown");
  files["usr/lib/5"] += "grown";
  files["usr/doc/4b"] = squashfs::Text(5000, 1000);
  noise.insert(150000, "little");
  pair.after = image(noise);
  return pair;
}

// A few bytes at a time, as they come over a network.
inline delta::PatchReader ReaderOf(const Bytes& file) {
  return [&file, at = size_t{0}](std::span<uint8_t> bytes) mutable -> Result<size_t> {
    const size_t part = std::min({bytes.size(), file.size() - at, size_t{10007}});
    std::copy_n(file.begin() + static_cast<ptrdiff_t>(at), part, bytes.begin());
    at += part;
    return part;
  };
}

}  // namespace matic::patching
