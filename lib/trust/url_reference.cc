#include "lib/trust/url_reference.h"

#include <algorithm>
#include <array>

namespace matic::trust {
namespace {

constexpr std::array<std::string_view, 3> kSchemes = {"https://", "http://", "file://"};

bool IsUrlCharacter(char c) { return c > 0x20 && c < 0x7f && c != '\\' && c != '"' && c != '#'; }

bool IsAbsolute(std::string_view reference) {
  return std::ranges::any_of(
      kSchemes, [&](std::string_view scheme) { return reference.starts_with(scheme); });
}

bool HasDots(std::string_view path) {
  while (!path.empty()) {
    const size_t end = std::min(path.find('/'), path.size());
    const std::string_view segment = path.substr(0, end);
    if (segment == "." || segment == "..") return true;
    path.remove_prefix(std::min(end + 1, path.size()));
  }
  return false;
}

Result<> CheckRelative(std::string_view reference) {
  const std::string_view path = reference.substr(0, reference.find('?'));
  const std::string_view first = path.substr(0, path.find('/'));
  if (first.empty()) {
    return Fail(ErrorCode::kInvalidArgument, "a relative path starts with a name");
  }
  if (first.find(':') != std::string_view::npos) {
    return Fail(ErrorCode::kInvalidArgument, "only https, http and file URLs are taken");
  }
  if (HasDots(path)) return Fail(ErrorCode::kInvalidArgument, "a relative path has no '.' or '..'");
  return {};
}

}  // namespace

Result<> CheckUrlReference(std::string_view reference) {
  if (reference.empty() || reference.size() > kMaxUrlBytes ||
      !std::ranges::all_of(reference, IsUrlCharacter)) {
    return Fail(ErrorCode::kInvalidArgument,
                "a URL has 1 to " + std::to_string(kMaxUrlBytes) +
                    " printable ASCII characters, and neither quotes, backslashes nor '#'");
  }
  if (IsAbsolute(reference)) return {};
  return CheckRelative(reference);
}

Result<std::string> ResolveUrl(std::string_view base, std::string_view reference) {
  MATIC_TRY(CheckUrlReference(reference));
  if (IsAbsolute(reference)) return std::string(reference);
  const std::string_view path = base.substr(0, base.find_first_of("?#"));
  const size_t scheme = path.find("://");
  const size_t folder = path.rfind('/');
  if (scheme == std::string_view::npos || folder < scheme + 3) {
    return Fail(ErrorCode::kInvalidArgument,
                "'" + std::string(reference) + "' is relative, and '" + std::string(path) +
                    "' is no URL of a file that it could be relative to");
  }
  return std::string(path.substr(0, folder + 1)) + std::string(reference);
}

}  // namespace matic::trust
