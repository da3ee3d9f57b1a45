#include "lib/http/file_url.h"

#include <string_view>

#include "lib/base/hex.h"
#include "lib/http/url.h"

namespace matic::http {
namespace {

Result<std::string> DecodePercent(std::string_view text) {
  std::string decoded;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      decoded += text[i];
      continue;
    }
    const auto byte = HexDecode(text.substr(i + 1, 2));
    if (!byte || byte->size() != 1 || byte->front() == 0) {
      return Fail(ErrorCode::kInvalidArgument, "no two hexadecimal digits of a byte after %");
    }
    decoded += static_cast<char>(byte->front());
    i += 2;
  }
  return decoded;
}

}  // namespace

Result<std::filesystem::path> FilePathOfUrl(const std::string& url) {
  // At a NUL the kernel would stop reading, and open another file than was asked for.
  if (UrlScheme(url) != "file" || url.find('\0') != std::string::npos) {
    return Fail(ErrorCode::kInvalidArgument, "not the URL of a file: file:///path is expected");
  }
  std::string_view rest = std::string_view(url).substr(std::string_view("file://").size());
  constexpr std::string_view kLocalhost = "localhost/";
  if (rest.starts_with(kLocalhost)) rest.remove_prefix(kLocalhost.size() - 1);
  if (!rest.starts_with('/')) {
    return Fail(ErrorCode::kInvalidArgument,
                url + ": a file URL has three slashes and an absolute path: file:///path");
  }
  auto path = DecodePercent(rest);
  if (!path) return Fail(path.error().Context(url));
  return std::filesystem::path(*path);
}

}  // namespace matic::http
