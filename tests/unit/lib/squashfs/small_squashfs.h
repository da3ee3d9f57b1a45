// Squashfs images of few files, made by mksquashfs.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace matic::squashfs {

// Text that packs to about a third, the same for the same seed.
std::string Text(size_t bytes, uint32_t seed);
// Bytes that do not pack.
std::string Noise(size_t bytes, uint32_t seed);

// By path, folders as they are needed. A content "-> TARGET" makes a link.
using Files = std::map<std::string, std::string>;

// As osctl image pack makes it, but for `options`. Empty where mksquashfs fails, which it has said
// why by then.
std::vector<uint8_t> MakeSquashfs(const Files& files, const std::vector<std::string>& options = {});

}  // namespace matic::squashfs
