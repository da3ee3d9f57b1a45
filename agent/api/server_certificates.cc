#include "agent/api/server_certificates.h"

#include <optional>

namespace matic::api {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::hours kWarnedBefore{30 * 24};

}  // namespace

std::string Fingerprint(const std::vector<fs::path>& folders) {
  std::string fingerprint;
  for (const auto& folder : folders) {
    for (const std::string_view name : rpc::kServerFiles) {
      std::error_code failure;
      const auto time = fs::last_write_time(folder / name, failure);
      fingerprint += failure ? "-" : std::to_string(time.time_since_epoch().count());
      const auto size = fs::file_size(folder / name, failure);
      fingerprint += failure ? "-;" : " " + std::to_string(size) + ";";
    }
  }
  return fingerprint;
}

std::string KeyProblem(const std::vector<fs::path>& folders) {
  for (const auto& folder : folders) {
    std::error_code failure;
    const fs::path key = folder / "server.key";
    const fs::file_status status = fs::status(key, failure);
    if (!fs::exists(status)) continue;
    if ((status.permissions() & fs::perms::others_read) == fs::perms::none) return {};
    return key.string() +
           " may be read by everybody: chmod 600 it, and if others were on this "
           "machine, issue another (osctl pki issue)";
  }
  return {};
}

std::vector<std::string> EndingProblems(const rpc::TlsFiles& files, WallTime now) {
  std::vector<std::string> problems;
  const auto add = [&](std::string what, std::optional<WallTime> end, std::string_view past,
                       std::string_view future) {
    if (!end || *end >= now + kWarnedBefore) return;
    what += *end < now ? past : future;
    problems.push_back(what + FormatTime(*end));
  };
  add("the server's certificate ", files.certificate.not_after, "expired at ", "expires at ");
  add("the certificate of the authority (ca.pem) ", files.ca_not_after, "expired at ",
      "expires at ");
  // What it withdraws stays withdrawn; what was withdrawn since is not known here.
  add("the revocation list (crl.pem) ", files.revoked.next_update(),
      "should have been replaced by ", "is to be replaced by ");
  return problems;
}

}  // namespace matic::api
