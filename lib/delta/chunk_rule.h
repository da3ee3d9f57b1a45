// Where one chunk ends and the next begins (docs/formats.md, "Chunks"). Part of the format: an
// agent that finds other chunks in a slot than the publisher's index names reuses nothing.
#pragma once

#include <cstdint>
#include <span>

namespace matic::delta {

// A block of a squashfs of at least this many bytes is a chunk of its own.
inline constexpr uint32_t kLoneBlockBytes = 32 * 1024;
// Smaller ones are put together up to this.
inline constexpr uint32_t kMaxMergedBytes = 128 * 1024;

// Whether a chunk of small blocks ends behind `block`: by chance, one in 40 KiB, as its content
// says.
bool EndsMerged(std::span<const uint8_t> block);

// Of what is no squashfs.
inline constexpr uint32_t kMinContentBytes = 16 * 1024;
inline constexpr uint32_t kMaxContentBytes = 256 * 1024;

// How long the chunk at the start of `bytes` is; all of it where no end is found. `bytes` are what
// there is, or at least kMaxContentBytes of it.
size_t ContentChunk(std::span<const uint8_t> bytes);

}  // namespace matic::delta
