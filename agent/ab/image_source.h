// Where an image comes from: https, http or a file.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>

#include "lib/base/result.h"
#include "lib/http/http_client.h"
#include "lib/http/retry.h"
#include "lib/os/allowed_folders.h"
#include "lib/os/clock.h"

namespace matic::ab {

// Takes an image from its first byte to its last.
class ImageSink {
 public:
  virtual ~ImageSink() = default;
  // May come again, with another size, before bytes that follow a Restart.
  virtual void SetTotal(std::optional<uint64_t> bytes) = 0;
  // What was written so far is void; the image starts anew.
  virtual void Restart() = 0;
  // Blocks while there is no room. An error ends the fetch.
  virtual Result<> Write(std::span<const uint8_t> bytes) = 0;
};

class ImageSource {
 public:
  virtual ~ImageSource() = default;
  // Returns when `sink` has the whole image. An image known to be larger than `max_bytes` is
  // kInvalidArgument before the first byte, and no source gives more than that.
  virtual Result<> Fetch(uint64_t max_bytes, ImageSink& sink, std::stop_token stop) = 0;
};

// Where images may come from, and how.
struct SourceOptions {
  http::RetryPolicy retry;
  AllowedFolders files{{}};  // none: no file at all
};

// For "https://…", "http://…" and "file:///…"; kInvalidArgument for anything else, naming the
// scheme. `http` and `clock` must outlive the source.
Result<std::unique_ptr<ImageSource>> OpenSource(const std::string& url, http::HttpClient& http,
                                                Clock& clock, const SourceOptions& options);

}  // namespace matic::ab
