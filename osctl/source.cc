#include "osctl/source.h"

#include <algorithm>
#include <array>
#include <filesystem>

#include "lib/base/hex.h"

namespace matic::osctl {
namespace {

constexpr size_t kDigits = 64;

}  // namespace

Result<> CheckSource(const std::string& source) {
  constexpr std::array<std::string_view, 3> kSchemes = {"https://", "http://", "file://"};
  for (std::string_view scheme : kSchemes) {
    if (source.starts_with(scheme) && source.size() > scheme.size()) return {};
  }
  const std::string quoted = "--source: '" + source + "'";
  if (source.find("://") != std::string::npos) {
    return Fail(
        ErrorCode::kInvalidArgument,
        quoted + " has a scheme that no node takes; https://, http:// or file:// is expected");
  }
  std::error_code failure;
  const auto path = std::filesystem::absolute(source, failure).lexically_normal();
  return Fail(ErrorCode::kInvalidArgument, quoted + " is not a URL; did you mean file://" +
                                               path.string() +
                                               " (a file of the node), or https://…?");
}

// The node knows where its store is.
Result<> CheckStorePath(const std::string& path) {
  constexpr size_t kHash = 32;
  const std::filesystem::path parsed(path);
  const std::string name = parsed.filename();
  if (parsed.is_absolute() && parsed.parent_path().filename() == "store" &&
      name.size() > kHash + 1 && name[kHash] == '-') {
    return {};
  }
  return Fail(ErrorCode::kInvalidArgument,
              "--store-path: '" + path + "' is no path in the store, /nix/store/HASH-NAME");
}

Result<> CheckSha256(const std::string& digits) {
  if (digits.size() != kDigits) {
    return Fail(ErrorCode::kInvalidArgument, "--sha256: 64 hex digits are expected, not " +
                                                 std::to_string(digits.size()) +
                                                 "; sha256sum FILE prints them");
  }
  if (auto bytes = HexDecode(digits); !bytes) {
    return Fail(bytes.error().Context("--sha256"));
  }
  return {};
}

}  // namespace matic::osctl
