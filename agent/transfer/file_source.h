// An image in a file of this machine.
#pragma once

#include <filesystem>

#include "agent/transfer/image_source.h"

namespace matic::transfer {

// Opened once, in Fetch: what is checked is what is written. Only a plain file in one of `folders`
// is taken; one whose length changes meanwhile is kCorrupt, and kUnavailable is one that cannot be
// read any more, such as on a stick that was pulled out.
class FileSource final : public ImageSource {
 public:
  FileSource(std::filesystem::path path, AllowedFolders folders)
      : path_(std::move(path)), folders_(std::move(folders)) {}
  Result<> Fetch(const FetchFrom& from, uint64_t max_bytes, ImageSink& sink,
                 std::stop_token stop) override;

 private:
  std::filesystem::path path_;
  const AllowedFolders folders_;
};

}  // namespace matic::transfer
