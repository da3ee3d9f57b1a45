// One answer's header lines, read as they arrive.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "lib/base/result.h"

namespace matic::http {

// "bytes 100-199/1000" of a 206 (RFC 9110, 14.4). The total is unknown where the server says "*".
struct ContentRange {
  uint64_t first = 0;
  uint64_t last = 0;
  std::optional<uint64_t> total;

  bool operator==(const ContentRange&) const = default;
};

// Nothing for what is no single satisfied byte range.
std::optional<ContentRange> ParseContentRange(std::string_view text);

class ResponseParser {
 public:
  // A line as it came, with its line end. A status line starts anew, as after a 100 Continue. False
  // when the header is larger than any honest one.
  bool TakeLine(std::string_view line);

  const std::optional<ContentRange>& content_range() const { return content_range_; }
  const std::string& content_encoding() const { return content_encoding_; }
  // For If-Range: a weak ETag does not promise the same bytes, so it does not count.
  std::string Validator() const { return etag_.empty() ? last_modified_ : etag_; }

 private:
  std::optional<ContentRange> content_range_;
  std::string content_encoding_;
  std::string etag_;
  std::string last_modified_;
  size_t bytes_ = 0;
};

}  // namespace matic::http
