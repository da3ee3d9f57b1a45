#include "lib/http/url.h"

#include <algorithm>
#include <cctype>

namespace matic::http {
namespace {

bool IsSchemeCharacter(unsigned char c) {
  return std::isalnum(c) != 0 || c == '+' || c == '-' || c == '.';
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
  const size_t query = url.find_first_of("?#");
  std::string shown(url.substr(0, query));
  if (query != std::string_view::npos) shown += "?…";
  const size_t scheme = shown.find("://");
  if (scheme == std::string::npos) return shown;
  const size_t authority = scheme + 3;
  const size_t path = std::min(shown.find('/', authority), shown.size());
  const size_t at = shown.rfind('@', path);
  if (at != std::string::npos && at >= authority) shown.erase(authority, at + 1 - authority);
  return shown;
}

}  // namespace matic::http
