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

namespace matic::transfer {

// Takes an image from its first byte to its last, or from where a fetch was told to begin.
class ImageSink {
 public:
  virtual ~ImageSink() = default;
  // May come again, with another size, before bytes that follow a Restart. `validator` is
  // http::ResponseHead's, and empty where the source has none.
  virtual void SetTotal(std::optional<uint64_t> bytes, const std::string& validator) = 0;
  // What was written so far is void; the image starts anew.
  virtual void Restart() = 0;
  // Blocks while there is no room. An error ends the fetch.
  virtual Result<> Write(std::span<const uint8_t> bytes) = 0;
  // The same of bytes that the slot holds already at this very place: who gives them has read them
  // from the device and checked them. Whole blocks of them are neither written nor read back again.
  virtual Result<> WriteInPlace(std::span<const uint8_t> bytes) = 0;
};

// What the sink has already. A source that cannot go on there calls Restart and begins at 0.
struct FetchFrom {
  uint64_t offset = 0;
  std::string validator = {};  // of the content that these bytes are from
  std::optional<uint64_t> total_bytes = {};
};

class ImageSource {
 public:
  virtual ~ImageSource() = default;
  // Returns when `sink` has the whole image. An image known to be larger than `max_bytes` is
  // kInvalidArgument before the first byte, and no source gives more than that.
  virtual Result<> Fetch(const FetchFrom& from, uint64_t max_bytes, ImageSink& sink,
                         std::stop_token stop) = 0;
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

}  // namespace matic::transfer
