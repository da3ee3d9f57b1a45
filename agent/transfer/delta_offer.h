// What is published of an image beside the image itself (docs/formats.md, "Chunk index", "Patch").
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "agent/update/state.h"
#include "lib/delta/chunk_index.h"
#include "lib/http/http_client.h"
#include "lib/http/retry.h"
#include "lib/os/clock.h"

namespace matic::transfer {

struct WantedImage {
  std::string url;
  crypto::Digest sha256{};
  uint64_t max_bytes = 0;  // what is larger does not fit
  // What the signed manifest names; nothing of it where no manifest does.
  bool is_signed = false;
  update::DeltaFiles files = {};
};

struct FetchedIndex {
  delta::ChunkIndex index;
  uint64_t file_bytes = 0;
  // A signature vouches for it: an image of these chunks is the image that was signed.
  bool trusted = false;
};

// The image's index, of the manifest or else at `url`.idx. kNotFound where none is published;
// kCorrupt where it is another than the signed one, is damaged, or is of another image than wanted;
// HttpClient's errors.
Result<FetchedIndex> FetchIndex(http::HttpClient& http, const WantedImage& image,
                                const http::RetryPolicy& policy, Clock& clock,
                                std::stop_token stop);

struct PatchFile {
  std::string url;
  uint64_t max_bytes = 0;
};

// Where a patch would be that makes the image of what runs, whose digest is `running`. Nothing
// where the manifest names none.
std::optional<PatchFile> FindPatch(const WantedImage& image, const crypto::Digest& running);

}  // namespace matic::transfer
