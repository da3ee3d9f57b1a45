// A JSON object that a program keeps in a file of its own, and replaces whole.
//
// What a file says is never lost for want of understanding it: a corrupt one is set aside under
// another name for a person (SetAside, lib/os/durable_file.h), and one that could not be read, as
// from a bad sector or for want of memory, stays in its place until something is to be written
// there.
#pragma once

#include <cstddef>
#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string_view>

#include "lib/base/result.h"

namespace matic {

// Not thread-safe.
class KeptJson {
 public:
  // A file of more than `max_bytes` was not written by us.
  KeptJson(std::filesystem::path file, size_t max_bytes);

  const std::filesystem::path& path() const { return file_; }

  // Nothing where there is no file.
  //   kCorrupt  it is too large, no JSON object, or nests deeper than kMaxKeptJsonDepth; it was set
  //             aside, and the message says where to
  //   others    it could not be read, or not be set aside; it is where it was
  // Errors name the file.
  Result<std::optional<nlohmann::json>> Load();

  // For an object that makes no sense to whoever reads it: sets it aside, and returns what is to be
  // told of it, as Load does.
  Error Reject(std::string_view why);

  // After a power loss the file holds what it held, or `text`. A file that Load could not read is
  // set aside first.
  Result<> Save(std::string_view text);

 private:
  std::filesystem::path file_;
  size_t max_bytes_;
  bool unread_ = false;  // what is there, nobody knows
};

}  // namespace matic
