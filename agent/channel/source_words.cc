#include "agent/channel/source_words.h"

#include <algorithm>
#include <string_view>

#include "lib/crypto/sha256.h"
#include "lib/http/url.h"

namespace matic::channel {
namespace {

constexpr std::string_view kImageEnding = ".squashfs";

size_t EndOfPath(std::string_view url) { return std::min(url.find_first_of("?#"), url.size()); }

// Without user, password, query and fragment.
std::string FileOf(const std::string& url) {
  return http::PublicUrl(std::string_view(url).substr(0, EndOfPath(url)));
}

}  // namespace

Result<std::string> ManifestBeside(const std::string& image_url) {
  const size_t end = EndOfPath(image_url);
  const std::string_view path = std::string_view(image_url).substr(0, end);
  if (!path.ends_with(kImageEnding)) {
    return Fail(
        ErrorCode::kInvalidArgument,
        http::PublicUrl(image_url) +
            ": only an image named NAME.squashfs has a signed manifest beside it "
            "(NAME.manifest.json); name its SHA-256 (--sha256), or give the URL of its manifest");
  }
  return std::string(path.substr(0, path.size() - kImageEnding.size())) + ".manifest.json" +
         image_url.substr(end);
}

bool SameFile(const std::string& a, const std::string& b) { return FileOf(a) == FileOf(b); }

Result<SourceWords> ReadSource(const std::string& source, const std::string& sha256) {
  const std::string scheme = http::UrlScheme(source);
  if (scheme != "https" && scheme != "http" && scheme != "file") {
    return Fail(ErrorCode::kInvalidArgument, "source '" + http::PublicUrl(source) +
                                                 "' is not a URL that is understood: https://, "
                                                 "http:// or file:/// is expected");
  }
  if (!sha256.empty()) MATIC_TRY(crypto::ParseSha256Hex(sha256));
  if (std::string_view(source).substr(0, EndOfPath(source)).ends_with(".json")) {
    return SourceWords{SourceKind::kManifest, source};
  }
  if (!sha256.empty()) return SourceWords{SourceKind::kImage, ""};
  MATIC_ASSIGN(std::string manifest, ManifestBeside(source));
  return SourceWords{SourceKind::kSignedImage, std::move(manifest)};
}

}  // namespace matic::channel
