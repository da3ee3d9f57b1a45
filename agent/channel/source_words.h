// What the source and the digest of a schedule ask for, seen from their words alone.
#pragma once

#include <string>

#include "lib/base/result.h"

namespace matic::channel {

enum class SourceKind {
  kManifest,     // URL of a manifest or a channel: its path ends in ".json"
  kImage,        // URL of an image whose digest is named
  kSignedImage,  // URL of an image, by the manifest beside it
};

struct SourceWords {
  SourceKind kind = SourceKind::kImage;
  std::string manifest_url;  // empty for kImage
};

// An empty digest: none is named. kInvalidArgument where `source` is no https, http or file URL,
// `sha256` is no digest, or an image without a digest has no place for a manifest beside it.
Result<SourceWords> ReadSource(const std::string& source, const std::string& sha256);

// "https://h/os-2.0.manifest.json?key" for "https://h/os-2.0.squashfs?key". kInvalidArgument where
// the path does not end in ".squashfs".
Result<std::string> ManifestBeside(const std::string& image_url);

// Whether both name the same file, whatever their credentials and queries.
bool SameFile(const std::string& a, const std::string& b);

}  // namespace matic::channel
