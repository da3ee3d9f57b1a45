// What a server answers, and URLs that somebody else has written. The input is lines of a header,
// each of which is looked at as a URL too; as a whole it is what a FleetLock server answers.

#include <string>

#include "agent/fleetlock/protocol.h"
#include "lib/http/file_url.h"
#include "lib/http/origin.h"
#include "lib/http/response_parser.h"
#include "lib/http/url.h"
#include "lib/notify/web_url.h"
#include "tests/fuzz/input.h"

namespace {

using namespace matic;

void ClaimRange(const http::ContentRange& range) {
  FUZZ_CLAIM(range.first <= range.last && range.last + 1 > range.last);
  if (range.total) FUZZ_CLAIM(range.last < *range.total);
  const std::string text = "bytes " + std::to_string(range.first) + "-" +
                           std::to_string(range.last) + "/" +
                           (range.total ? std::to_string(*range.total) : "*");
  FUZZ_CLAIM(http::ParseContentRange(text) == range);
}

void TryUrl(const std::string& url) {
  const std::string shown = http::PublicUrl(url);
  FUZZ_CLAIM(http::PublicUrl(shown) == shown);
  const std::string scheme = http::UrlScheme(url);
  if (scheme == "https" || scheme == "http" || scheme == "file") {
    FUZZ_CLAIM(shown.find('?') == std::string::npos || shown.ends_with("?…"));
    FUZZ_CLAIM(shown.find('#') == std::string::npos);
  }
  if (!scheme.empty()) {
    const std::string host = shown.substr(scheme.size() + 3);
    FUZZ_CLAIM(host.substr(0, host.find_first_of("/?#")).find('@') == std::string::npos);
  }
  for (const char c : scheme) FUZZ_CLAIM(c < 'A' || c > 'Z');
  if (const auto origin = http::OriginOf(url)) {
    FUZZ_CLAIM(!origin->scheme.empty() && !origin->host.empty() && !origin->port.empty());
    const auto again =
        http::OriginOf(origin->scheme + "://" + origin->host + ":" + origin->port + "/");
    FUZZ_CLAIM(again && *again == *origin);
  }
  if (const auto path = http::FilePathOfUrl(url)) {
    FUZZ_CLAIM(path->is_absolute() && path->native().find('\0') == std::string::npos);
    FUZZ_CLAIM(scheme == "file");
  }
  if (const auto web = notify::ParseWebUrl(url)) {
    FUZZ_CLAIM(web->origin.starts_with("https://") || web->origin.starts_with("http://"));
    FUZZ_CLAIM(web->origin.find_first_of("\r\n") == std::string::npos);
    FUZZ_CLAIM(web->origin.find('@') == std::string::npos);
  }
  for (const char c : notify::EscapeSegment(url)) FUZZ_CLAIM(c > ' ' && c != '/' && c < 0x7f);
}

// The input as the body of an answer of a FleetLock server.
void TryFleetLock(const std::string& body) {
  for (const int status : {200, 409, 500}) {
    const http::PostAnswer answer{.status = status, .body = body};
    FUZZ_CLAIM(fleetlock::IsGranted(answer) == (status == 200));
    const std::string said = fleetlock::Explain(answer);
    FUZZ_CLAIM(!said.empty() && said.size() < 300);
    for (const char c : said) {
      FUZZ_CLAIM(static_cast<unsigned char>(c) >= ' ' && c != 0x7f);
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  fuzz::Input input(data, size);
  TryFleetLock(std::string(fuzz::Text(data, size)));
  http::ResponseParser parser;
  size_t bytes = 0;
  while (!input.empty()) {
    const std::string line = input.Line();
    if (const auto range = http::ParseContentRange(line)) ClaimRange(*range);
    TryUrl(line);
    const bool taken = parser.TakeLine(line + "\n");
    bytes = line.starts_with("HTTP/") ? line.size() + 1 : bytes + line.size() + 1;
    FUZZ_CLAIM(taken == (bytes <= 64 * 1024));
    if (parser.content_range()) ClaimRange(*parser.content_range());
    // It is sent back in If-Range.
    FUZZ_CLAIM(parser.Validator().find_first_of("\r\n") == std::string::npos);
    if (!taken) return 0;
  }
  return 0;
}
