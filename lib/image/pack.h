// Makes an image of a root, a kernel and an initrd.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "lib/image/container_writer.h"
#include "lib/image/secure_boot.h"
#include "lib/os/process_runner.h"

namespace matic::image {

struct PackSpec {
  std::filesystem::path root;  // a folder, or a squashfs (an image's sections are replaced)
  std::filesystem::path package_lists;  // dpkg's; empty: those in the root (file_order.h)
  std::filesystem::path kernel;
  std::filesystem::path initrd;
  std::string command_line;
  std::filesystem::path stub;
  std::string version;  // where not empty: what the root has to say it is
  int compression_level = 15;
  uint64_t time = 0;                // of every file and of the filesystem, seconds since 1970
  bool verity = false;              // a hash tree of the root, its root hash on the command line
  std::optional<BootKey> boot_key;  // signs the kernel, when all of it is there
  std::filesystem::path output;
  std::stop_token stop;
};

struct PackedImage {
  std::string version;
  uint64_t squashfs_bytes = 0;
  std::optional<crypto::Digest> verity;  // the root hash
  WrittenImage file;
};

// The same input gives the same bytes, whatever the time, the path and the umask, but for a
// signature, which holds the time it was made at. After an error, a
// stop (kCancelled) or a power loss `output` is what it was. kInvalidArgument where the root or the
// command line would make a system that cannot come back from a bad update (root_contents.h).
Result<PackedImage> PackImage(ProcessRunner& runner, const PackSpec& spec);

}  // namespace matic::image
