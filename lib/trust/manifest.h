// A manifest: what an update is, who may take it and until when (docs/formats.md, "Manifest").
// A channel is a manifest under a fixed name.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/result.h"
#include "lib/base/time.h"
#include "lib/crypto/sha256.h"

namespace matic::trust {

inline constexpr size_t kMaxManifestBytes = 1024 * 1024;
inline constexpr uint64_t kMaxFileBytes = uint64_t{1} << 40;
// So many that an agent with the longest of names can keep them all in its state.
inline constexpr size_t kMaxPatches = 64;
inline constexpr size_t kMaxReleaseNotesBytes = 64 * 1024;

// A file that is fetched: never more than `size` bytes, never used but with this SHA-256.
struct RemoteFile {
  std::string url;  // absolute, or relative to the manifest's own (url_reference.h)
  uint64_t size = 0;
  crypto::Digest sha256{};
};

// Makes the image out of the one with the digest `from`.
struct Patch {
  crypto::Digest from{};
  RemoteFile file;
};

struct Manifest {
  std::string product;
  std::string version;       // of the image; ordered by CompareVersions
  std::string architecture;  // "x86-64", "arm64"
  std::string channel;       // that it was released to; empty: none
  RemoteFile image;
  std::optional<RemoteFile> delta_index;
  std::vector<Patch> patches;
  std::string minimum_version;  // that must run to update from; empty: any
  WallTime released;
  WallTime expires;
  std::string release_notes;
};

// For documents whose signatures were verified (VerifyManifest), and for who writes one. Unknown
// keys are passed over. kCorrupt names the field that is wrong.
Result<Manifest> ParseManifest(std::string_view text);

// kInvalidArgument where a field is not what a reader would take. The text ends with a line feed.
Result<std::string> FormatManifest(const Manifest& manifest);

// "x86-64" or "arm64" for the machine type of a PE header (image::ImageInfo::machine); empty for
// another.
std::string_view ArchitectureOf(uint16_t pe_machine);

// Of the machine that this program is built for.
std::string_view OwnArchitecture();

// "stable" of "https://host/path/stable.json": what a manifest read there must name as its channel.
// Empty where the file's name does not end in ".json", or ends in ".manifest.json": that is the
// manifest beside an image.
std::string ChannelOf(std::string_view url);

}  // namespace matic::trust
