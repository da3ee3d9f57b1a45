#include "lib/http/url.h"

#include <algorithm>
#include <cctype>
#include <initializer_list>

namespace matic::http {
namespace {

bool IsSchemeCharacter(unsigned char c) {
  return std::isalnum(c) != 0 || c == '+' || c == '-' || c == '.';
}

// Of a URL: "host", "host:8443", "[::1]:80", and nothing.
bool IsHost(std::string_view text) {
  if (text.starts_with('[')) text.remove_prefix(std::min(text.find(']'), text.size()));
  const size_t colon = text.find(':');
  return colon == std::string_view::npos ||
         std::ranges::all_of(text.substr(colon + 1),
                             [](unsigned char c) { return std::isdigit(c); });
}

bool StartsWithOneOf(std::string_view text, std::initializer_list<std::string_view> starts) {
  return std::ranges::any_of(starts,
                             [&](std::string_view start) { return text.starts_with(start); });
}

// Of these flakes the query tells which branch, and the fragment which machine.
bool IsOfRepository(std::string_view url) {
  return StartsWithOneOf(url, {"git+", "hg+", "github:", "gitlab:", "sourcehut:"});
}

std::string WithoutQuery(std::string_view text, bool kept) {
  const size_t query = text.find_first_of("?#");
  if (kept || query == std::string_view::npos) return std::string(text);
  return std::string(text.substr(0, query)) + "?…";
}

// What has no scheme with "://": a path, "github:org/config#web", or a URL that was mistyped, of
// which nobody knows where its host begins.
std::string PublicReference(std::string_view text) {
  if (StartsWithOneOf(text, {"/", ".", "path:", "git+file:"})) return std::string(text);
  const size_t at = text.rfind('@');
  if (at != std::string_view::npos) return PublicUrl(text.substr(at + 1));
  return WithoutQuery(text, IsOfRepository(text));
}

}  // namespace

std::string UrlScheme(std::string_view url) {
  const size_t end = url.find("://");
  if (end == std::string_view::npos || end == 0) return "";
  std::string scheme(url.substr(0, end));
  if (!std::ranges::all_of(scheme, IsSchemeCharacter)) return "";
  std::ranges::transform(scheme, scheme.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return scheme;
}

std::string PublicUrl(std::string_view url) {
  const std::string scheme = UrlScheme(url);
  if (scheme.empty()) return PublicReference(url);
  const size_t authority = scheme.size() + 3;
  const size_t path = std::min(url.find_first_of("/?#", authority), url.size());
  const size_t at = url.substr(0, path).rfind('@');
  const size_t host = at == std::string_view::npos || at < authority ? authority : at + 1;
  const std::string start(url.substr(0, authority));
  // A password that is not encoded may have ended it: "alice:ge/heim@host".
  if (!IsHost(url.substr(host, path - host))) return start + "…";
  return start + WithoutQuery(url.substr(host), IsOfRepository(scheme));
}

}  // namespace matic::http
