// What a download that was cut short has left in a slot: another one of the same image goes on from
// there (docs/formats.md, "partial.json").
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "lib/base/result.h"

namespace matic::ab {

// How far an image has come.
struct StagePoint {
  uint64_t bytes = 0;  // that are in the slot, but for the first block: whole blocks
  std::optional<uint64_t> total_bytes = {};
  std::string validator = {};             // http::ResponseHead::validator
  std::vector<uint8_t> first_block = {};  // the slot's own is zero until the image is verified

  bool operator==(const StagePoint&) const = default;
};

struct PartialImage {
  std::string slot;
  std::string sha256;  // what the whole image must have: 64 lower-case hex digits
  std::string source;  // the digest of its URL, which may have a token in it; 64 hex digits
  StagePoint point;

  bool operator==(const PartialImage&) const = default;
};

// A note of no authority: what it says is read back and hashed with the rest, and nothing is lost
// without it.
class PartialImageFile {
 public:
  // Empty: nothing is kept.
  explicit PartialImageFile(std::filesystem::path path) : path_(std::move(path)) {}

  // Nothing where there is none that could be used; a corrupt one is set aside and told of in the
  // log (lib/os/kept_json.h).
  std::optional<PartialImage> Load() const;
  // Durable when it returns. What it says must be so before it is called.
  Result<> Keep(const PartialImage& partial) const;
  void Forget() const;

 private:
  std::filesystem::path path_;
};

}  // namespace matic::ab
