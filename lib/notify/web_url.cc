#include "lib/notify/web_url.h"

#include <absl/strings/escaping.h>
#include <curl/curl.h>

#include <algorithm>
#include <cctype>
#include <memory>

namespace matic::notify {
namespace {

using Handle = std::unique_ptr<CURLU, decltype(&curl_url_cleanup)>;

std::string Part(const Handle& url, CURLUPart part) {
  char* text = nullptr;
  if (curl_url_get(url.get(), part, &text, 0) != CURLUE_OK || text == nullptr) return "";
  std::string copy = text;
  curl_free(text);
  return copy;
}

bool IsThisMachine(const std::string& host) {
  if (host == "localhost" || host == "[::1]") return true;
  return host.starts_with("127.") && std::all_of(host.begin(), host.end(), [](unsigned char c) {
           return c == '.' || std::isdigit(c);
         });
}

}  // namespace

Result<WebUrl> ParseWebUrl(const std::string& text) {
  const Handle url(curl_url(), &curl_url_cleanup);
  if (url == nullptr) return Fail(ErrorCode::kInternal, "libcurl gave no URL parser");
  // libcurl itself reads the URL that is sent to, so nobody can be shown another host than it uses.
  if (curl_url_set(url.get(), CURLUPART_URL, text.c_str(), 0) != CURLUE_OK) {
    return Fail(ErrorCode::kInvalidArgument, "not an https URL");
  }
  const std::string scheme = Part(url, CURLUPART_SCHEME);
  const std::string host = Part(url, CURLUPART_HOST);
  if (scheme != "https" && !(scheme == "http" && IsThisMachine(host))) {
    return Fail(ErrorCode::kInvalidArgument,
                scheme + "://" + host + ": must be https (http only to this machine itself)");
  }
  const std::string port = Part(url, CURLUPART_PORT);
  const std::string path = Part(url, CURLUPART_PATH);
  const std::string query = Part(url, CURLUPART_QUERY);
  WebUrl result;
  result.origin = scheme + "://" + host + (port.empty() ? "" : ":" + port);
  result.secret = (path == "/" ? "" : path) + (query.empty() ? "" : "?" + query);
  return result;
}

std::string EscapeSegment(const std::string& text) {
  std::string escaped;
  for (const char c : text) {
    if (std::isalnum(static_cast<unsigned char>(c)) ||
        std::string_view("-._~").find(c) != std::string_view::npos) {
      escaped += c;
    } else {
      escaped += "%" + absl::BytesToHexString(std::string(1, c));
    }
  }
  return escaped;
}

}  // namespace matic::notify
