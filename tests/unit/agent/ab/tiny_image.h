// A small image that every check of lib/image takes: a superblock and noise for a squashfs, and a
// kernel section with nothing but headers and texts.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace matic::ab {

struct TinyImage {
  std::string version = "2.0";
  uint64_t squashfs_bytes = 1'500'000;
  uint8_t seed = 1;          // other noise
  bool wrong_head = false;   // the command line names another squashfs
  bool damaged_uki = false;  // its content does not match the section table
  bool no_section_table = false;
  std::vector<uint8_t> squashfs = {};  // a real one, instead of the noise
};

// A multiple of 4096 bytes.
std::vector<uint8_t> MakeImage(const TinyImage& image);

// SHA-256 as hex.
std::string DigestOf(const std::vector<uint8_t>& bytes);

}  // namespace matic::ab
