#include "lib/os/secret.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include "lib/os/durable_file.h"

namespace matic {
namespace {

constexpr size_t kMaxBytes = 4096;
constexpr size_t kMaxFileBytes = 64 * 1024;
constexpr std::string_view kWhiteSpace = " \t\r\n";

Result<std::filesystem::path> FileOf(const std::string& source) {
  if (source.starts_with('/')) return std::filesystem::path(source);
  if (source.empty() || source.starts_with('.') || source.find('/') != std::string::npos) {
    return Fail(ErrorCode::kInvalidArgument,
                "'" + source + "' is neither an absolute path nor the name of a credential");
  }
  const char* folder = std::getenv("CREDENTIALS_DIRECTORY");
  if (folder == nullptr || *folder == '\0') {
    return Fail(ErrorCode::kNotFound, "credential " + source +
                                          ": systemd gave none to this program; the unit needs "
                                          "LoadCredential=" +
                                          source + ":FILE");
  }
  return std::filesystem::path(folder) / source;
}

// Once it is sure that others cannot read it.
Result<std::string> ReadHidden(const std::filesystem::path& file, size_t limit,
                               const std::string& remedy) {
  struct stat facts {};
  if (::stat(file.c_str(), &facts) != 0) {
    return Fail(OsError("read the secret " + file.string(), errno));
  }
  if ((facts.st_mode & (S_IRWXO)) != 0) {
    char mode[8];
    std::snprintf(mode, sizeof mode, "%04o", facts.st_mode & 07777u);
    return Fail(ErrorCode::kPermission, "the secret " + file.string() +
                                            " may be read by everybody (its mode is " + mode +
                                            "); " + remedy + " " + file.string());
  }
  return ReadFile(file, limit);
}

}  // namespace

Result<std::string> ReadSecret(const std::string& source) {
  MATIC_ASSIGN(const std::filesystem::path file, FileOf(source));
  MATIC_ASSIGN(const std::string content, ReadHidden(file, kMaxBytes, "chmod o="));
  const size_t first = content.find_first_not_of(kWhiteSpace);
  if (first == std::string::npos) {
    return Fail(ErrorCode::kInvalidArgument, "the secret " + file.string() + " is empty");
  }
  std::string secret = content.substr(first, content.find_last_not_of(kWhiteSpace) - first + 1);
  const bool plain = std::none_of(secret.begin(), secret.end(),
                                  [](unsigned char c) { return c < 0x20 || c == 0x7f; });
  if (!plain) {
    return Fail(ErrorCode::kInvalidArgument,
                "the secret " + file.string() + " is not one line of text");
  }
  return secret;
}

Result<std::string> ReadSecretFile(const std::string& source) {
  MATIC_ASSIGN(const std::filesystem::path file, FileOf(source));
  MATIC_ASSIGN(std::string content, ReadHidden(file, kMaxFileBytes, "chmod 600"));
  if (!content.empty()) return content;
  return Fail(ErrorCode::kInvalidArgument, "the secret " + file.string() + " is empty");
}

}  // namespace matic
