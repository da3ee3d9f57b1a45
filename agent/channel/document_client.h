// Signed documents from web servers and from files of this machine, such as those on a USB stick.
#pragma once

#include "lib/http/http_client.h"
#include "lib/os/allowed_folders.h"

namespace matic::channel {

// https and http go to `web`, which must outlive it. A file URL names a plain file in one of
// `folders`, read whole and never beyond Request::max_bytes; its errors are those of
// AllowedFolders, and kInvalidArgument where it is larger.
class DocumentClient final : public http::HttpClient {
 public:
  DocumentClient(http::HttpClient& web, AllowedFolders folders)
      : web_(web), folders_(std::move(folders)) {}
  Result<http::ResponseHead> Get(const http::Request& request, http::BodySink& sink,
                                 std::stop_token stop) override;

 private:
  http::HttpClient& web_;
  const AllowedFolders folders_;
};

}  // namespace matic::channel
