#include "agent/transfer/file_source.h"
#include "agent/transfer/http_source.h"
#include "agent/transfer/image_source.h"
#include "lib/http/file_url.h"
#include "lib/http/origin.h"
#include "lib/http/url.h"

namespace matic::transfer {

Result<std::unique_ptr<ImageSource>> OpenSource(const std::string& url, http::HttpClient& http,
                                                Clock& clock, const SourceOptions& options) {
  const std::string scheme = http::UrlScheme(url);
  if (scheme == "https" || scheme == "http") {
    MATIC_TRY(http::OriginOf(url));
    return std::make_unique<HttpSource>(url, http, clock, options.retry);
  }
  if (scheme == "file") {
    MATIC_ASSIGN(auto path, http::FilePathOfUrl(url));
    return std::make_unique<FileSource>(std::move(path), options.files);
  }
  if (scheme.empty()) {
    return Fail(
        ErrorCode::kInvalidArgument,
        "source \"" + http::PublicUrl(url) + "\" is no URL: give https://…, http://… or file:///…");
  }
  return Fail(ErrorCode::kInvalidArgument, "source " + http::PublicUrl(url) +
                                               ": nothing is known about the scheme \"" + scheme +
                                               "\"; there are https, http and file");
}

}  // namespace matic::transfer
