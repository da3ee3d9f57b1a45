#include "lib/os/partition_behind.h"

#include <algorithm>
#include <iterator>
#include <vector>

namespace matic {
namespace {

namespace fs = std::filesystem;

// More than anybody stacks.
constexpr int kMaxLayers = 8;

}  // namespace

std::optional<fs::path> PartitionBehind(const fs::path& block) {
  std::error_code error;
  fs::path folder = fs::canonical(block, error);
  for (int layer = 0; !error && layer < kMaxLayers; ++layer) {
    if (fs::exists(folder / "partition", error)) return folder;
    std::vector<fs::path> below;
    std::ranges::copy(fs::directory_iterator(folder / "slaves", error), std::back_inserter(below));
    if (error || below.size() != 1) return std::nullopt;
    folder = fs::canonical(below.front(), error);
  }
  return std::nullopt;
}

std::string BlockNodeName(const fs::path& block) {
  std::string name = block.filename();
  std::ranges::replace(name, '!', '/');
  return name;
}

}  // namespace matic
