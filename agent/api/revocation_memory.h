// The revocation list that is in force, kept apart from the folder that it came from: a list that
// is lost, or replaced by an older one, must not let anybody in again.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "lib/base/result.h"
#include "lib/rpc/revocation_list.h"

namespace matic::api {

// Not for several threads.
class RevocationMemory {
 public:
  // The PEM text of what was in force last. Without a name nothing is kept on the disk.
  explicit RevocationMemory(std::filesystem::path file) : file_(std::move(file)) {}

  // What is in force once `found` was read beside `ca_pem`: of each authority in it the newest list
  // that was ever seen. On the disk before this returns; after a power loss it is this one or the
  // one before. `problems` gets what a person should know: lists that are missing or older than the
  // one in force, and that the file cannot be written. An error where `found` is empty and the file
  // cannot be read: somebody may have been on it. An authority's list is forgotten once it is not
  // in `ca_pem` any more, and another one's list is kept.
  Result<rpc::RevocationList> InForce(const rpc::RevocationList& found, const std::string& ca_pem,
                                      std::vector<std::string>& problems);

 private:
  Result<rpc::RevocationList> Before(const std::string& ca_pem);
  void Keep(const rpc::RevocationList& list, std::vector<std::string>& problems);

  const std::filesystem::path file_;
  std::optional<std::string> kept_;  // nothing: the file was not read yet
  bool saved_ = true;                // the file says the same
};

}  // namespace matic::api
