#include "lib/http/origin.h"

#include <absl/strings/ascii.h>
#include <curl/curl.h>

#include <memory>

#include "lib/http/url.h"

namespace matic::http {
namespace {

using Parsed = std::unique_ptr<CURLU, decltype(&curl_url_cleanup)>;

std::string Part(const Parsed& url, CURLUPart part) {
  char* text = nullptr;
  if (curl_url_get(url.get(), part, &text, CURLU_DEFAULT_PORT) != CURLUE_OK) return "";
  const std::unique_ptr<char, decltype(&curl_free)> owner(text, &curl_free);
  return absl::AsciiStrToLower(text);
}

// Empty where it is no URL with a host.
Origin Read(const Parsed& parsed, const std::string& url) {
  if (curl_url_set(parsed.get(), CURLUPART_URL, url.c_str(), 0) != CURLUE_OK) return {};
  return {Part(parsed, CURLUPART_SCHEME), Part(parsed, CURLUPART_HOST),
          Part(parsed, CURLUPART_PORT)};
}

}  // namespace

Result<Origin> OriginOf(const std::string& url) {
  const Parsed parsed(curl_url(), &curl_url_cleanup);
  if (parsed == nullptr) return Fail(ErrorCode::kInternal, "libcurl gave no handle");
  Origin origin = Read(parsed, url);
  // libcurl gives an address its usual form before it resolves "%30", not behind it: once more.
  // What has another % then is the name of no host.
  if (origin.host.find('%') == std::string::npos) {
    origin = Read(parsed, origin.scheme + "://" + origin.host + ":" + origin.port);
    if (!origin.host.empty() && !origin.port.empty()) return origin;
  }
  return Fail(ErrorCode::kInvalidArgument, PublicUrl(url) + ": not a URL with a host");
}

}  // namespace matic::http
