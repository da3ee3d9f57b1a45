// An image in a file of this machine.
#pragma once

#include <filesystem>

#include "agent/ab/image_source.h"

namespace matic::ab {

// Opened once, in Fetch: what is checked is what is written. Only a plain file is taken; one whose
// length changes meanwhile is kCorrupt.
class FileSource final : public ImageSource {
 public:
  explicit FileSource(std::filesystem::path path) : path_(std::move(path)) {}
  Result<> Fetch(uint64_t max_bytes, ImageSink& sink, std::stop_token stop) override;

 private:
  std::filesystem::path path_;
};

}  // namespace matic::ab
