// Images small enough to damage byte by byte.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace matic::image {

struct PePart {
  std::string name;
  std::vector<uint8_t> content;
};

// A PE32+ file for x86-64 with these sections, aligned as the systemd stub's are.
std::vector<uint8_t> MakePe(const std::vector<PePart>& parts);

std::vector<uint8_t> Bytes(const std::string& text);

// Offsets in SmallImage's bytes.
inline constexpr size_t kSmallSquashfsBytes = 5000;
inline constexpr size_t kSmallTableAt = 8192;
inline constexpr size_t kSmallUkiAt = 12288;

// A superblock and noise for a squashfs, a section table, and a kernel section whose command line
// names that squashfs. Ends at a multiple of 4096.
std::vector<uint8_t> MakeSmallImage(const std::string& extra_parameter = "");

// The same with a hash tree, whose root hash the command line names before `extra_parameter`.
std::vector<uint8_t> MakeVerityImage(const std::string& extra_parameter = "");

}  // namespace matic::image
