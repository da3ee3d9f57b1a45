#include "agent/nixos/nix_version.h"

#include <charconv>
#include <string>
#include <utility>

#include "lib/os/output_tail.h"

namespace matic::nixos {
namespace {

constexpr std::chrono::seconds kDeadline{30};

// "2.25.0pre20240910_abc": the first two numbers.
bool ReadNumbers(std::string_view word, NixVersion& version) {
  const char* const end = word.data() + word.size();
  const auto major = std::from_chars(word.data(), end, version.major);
  if (major.ec != std::errc() || major.ptr == end || *major.ptr != '.') return false;
  return std::from_chars(major.ptr + 1, end, version.minor).ec == std::errc();
}

}  // namespace

Result<NixVersion> ParseNixVersion(std::string_view output) {
  while (!output.empty()) {
    const size_t end = output.find('\n');
    const std::string_view line = output.substr(0, end);
    output.remove_prefix(end == std::string_view::npos ? output.size() : end + 1);
    NixVersion version;
    const size_t last_word = line.find_last_of(' ');
    if (line.starts_with("nix (") && ReadNumbers(line.substr(last_word + 1), version)) {
      return version;
    }
  }
  return Fail(ErrorCode::kInvalidArgument, "nix --version names no version");
}

Result<NixVersion> GetNixVersion(const Programs& programs, std::stop_token stop) {
  MATIC_ASSIGN(
      const std::string output,
      programs.Run({.argv = {"nix", "--version"}, .deadline = kDeadline}, std::move(stop)));
  Result<NixVersion> version = ParseNixVersion(output);
  if (!version)
    return Fail(version.error().code, version.error().message + Quoted(OutputTail(output)));
  return version;
}

}  // namespace matic::nixos
