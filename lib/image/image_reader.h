// Reads images: a squashfs with its section table and sections behind it, in a file or a slot
// (docs/formats.md, "Image"). The selector judges by the same parser, boot/policy/section_table.h.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/result.h"
#include "lib/crypto/sha256.h"
#include "lib/os/block_device.h"

namespace matic::image {

// "matic.head=<64 hex digits>" on the kernel's command line: the SHA-256 of the squashfs's first
// block, by which the initrd knows its root.
inline constexpr std::string_view kHeadParameter = "matic.head=";

struct ImageSection {
  std::string type;  // "uki", "verity"
  uint64_t offset = 0;
  uint64_t length = 0;
  crypto::Digest sha256{};  // as the table has it
};

struct ImageInfo {
  uint64_t squashfs_bytes = 0;
  // All of the image: the end of its last section, rounded up to a block. A slot may be larger.
  uint64_t image_bytes = 0;
  std::vector<ImageSection> sections;
  uint16_t machine = 0;      // that the kernel is for, a PeMachine
  std::string os_release;    // of the kernel section: the root's own os-release
  std::string version;       // IMAGE_VERSION in it; empty where it has none
  std::string command_line;  // of the kernel section
  // The root hash of section "verity", as the command line names it; nothing where the image has no
  // such section.
  std::optional<crypto::Digest> verity;

  const ImageSection* Find(std::string_view type) const;  // null where there is none
};

// Reads the headers only: a few blocks, whatever the image's size. kCorrupt where `device` does not
// begin with an image, or its parts contradict one another: a section "verity" without a root hash
// on the command line, say, or a tree of another squashfs.
Result<ImageInfo> InspectImage(BlockDevice& device);

// Every section against its digest, the squashfs's first block and the hash tree's top against the
// command line. Reads the sections and that block only.
Result<> VerifyParts(BlockDevice& device, const ImageInfo& info);

// Reads all of it: what VerifyParts does, and the squashfs against the hash tree. Returns the
// SHA-256 of the image as a file, what `--sha256` names.
Result<crypto::Digest> VerifyImage(BlockDevice& device, const ImageInfo& info);

// The SHA-256 of `length` bytes at `offset`.
Result<crypto::Digest> HashRange(BlockDevice& device, uint64_t offset, uint64_t length);

}  // namespace matic::image
