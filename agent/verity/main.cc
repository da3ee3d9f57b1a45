// matic-verity: opens the root of the image in a slot with dm-verity. The initrd runs it where the
// kernel's command line names a root hash.

#include <algorithm>
#include <cstdio>
#include <string_view>

#include "agent/verity/device_mapper.h"
#include "agent/verity/verity_root.h"
#include "lib/os/linux_block_device.h"

namespace matic::verity {
namespace {

constexpr char kName[] = "matic-root";
constexpr uint64_t kSectorsPerBlock = image::kVerityBlockBytes / 512;

bool IsRootHash(std::string_view text) {
  return text.size() == 64 && std::ranges::all_of(text, [](char c) {
           return ('0' <= c && c <= '9') || ('a' <= c && c <= 'f');
         });
}

Result<std::filesystem::path> Open(const std::filesystem::path& partition,
                                   const std::string& root_hash) {
  if (!IsRootHash(root_hash)) {
    return Fail(ErrorCode::kInvalidArgument, "the root hash must be 64 hex digits");
  }
  MATIC_ASSIGN(auto slot, LinuxBlockDevice::Open(partition, LinuxBlockDevice::Access::kReadOnly));
  const auto tree = ReadSlotTree(*slot);
  if (!tree) return Fail(tree.error().Context(partition.string()));
  return MapReadOnly({kName, "verity", tree->superblock.data_blocks * kSectorsPerBlock,
                      TargetParameters(*tree, partition, root_hash, ChooseOnMismatch(partition))});
}

int Main(int argc, char** argv) {
  const bool help = argc == 2 && std::string_view(argv[1]) == "--help";
  if (help || argc != 3) {
    std::fputs(
        "usage: matic-verity PARTITION ROOT_HASH\n"
        "Opens the root in a slot with dm-verity, and prints the device to mount. A block that "
        "does\n"
        "not match is an I/O error; while the slot is on trial, the machine restarts.\n",
        help ? stdout : stderr);
    return help ? 0 : 2;
  }
  const auto device = Open(argv[1], argv[2]);
  if (!device) {
    std::fprintf(stderr, "matic-verity: %s\n", device.error().message.c_str());
    return 1;
  }
  std::printf("%s\n", device->c_str());
  return 0;
}

}  // namespace
}  // namespace matic::verity

int main(int argc, char** argv) { return matic::verity::Main(argc, argv); }
