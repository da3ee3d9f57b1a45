#include "lib/rpc/tls_files.h"

#include <algorithm>

#include "lib/os/durable_file.h"
#include "lib/os/executable_folder.h"
#include "lib/os/secret.h"
#include "lib/rpc/openssl.h"

namespace matic::rpc {
namespace {

// Far more than a chain of certificates takes.
constexpr size_t kMaxPemBytes = 256 * 1024;
// Some ten thousand entries.
constexpr size_t kMaxRevocationListBytes = 1024 * 1024;

Result<WallTime> EarliestEnd(const std::string& ca_pem) {
  MATIC_ASSIGN(const auto authorities, ReadCertificates(ca_pem));
  MATIC_ASSIGN(WallTime end, ToWallTime(X509_get0_notAfter(authorities.front().get())));
  for (const UniqueX509& authority : authorities) {
    MATIC_ASSIGN(const WallTime other, ToWallTime(X509_get0_notAfter(authority.get())));
    end = std::min(end, other);
  }
  return end;
}

bool HasServerFiles(const std::filesystem::path& folder) {
  std::error_code failure;
  return std::filesystem::exists(folder / "server.pem", failure) ||
         std::filesystem::exists(folder / "server.key", failure);
}

// Whoever writes there decides who may call, and with what the node proves who it is. What is not
// there is told by whoever reads it.
Result<> CheckServerFiles(const std::filesystem::path& folder) {
  for (const std::string_view name : kServerFiles) {
    std::error_code failure;
    if (std::filesystem::exists(folder / name, failure)) MATIC_TRY(CheckFile(folder / name));
  }
  return {};
}

}  // namespace

std::string_view SideName(Side side) { return side == Side::kServer ? "server" : "client"; }

Result<RevocationList> LoadRevocationList(const std::filesystem::path& file,
                                          const std::string& ca_pem) {
  auto pem = ReadFile(file, kMaxRevocationListBytes);
  if (!pem && pem.error().code == ErrorCode::kNotFound) return RevocationList();
  if (!pem) return Fail(pem.error());
  auto list = RevocationList::Parse(*pem, ca_pem);
  if (!list) return Fail(list.error().Context(file.string()));
  return list;
}

Result<TlsFiles> LoadTlsFiles(const std::filesystem::path& folder, Side side) {
  const std::string name(SideName(side));
  const std::filesystem::path certificate_path = folder / (name + ".pem");
  TlsFiles files;
  MATIC_ASSIGN(files.ca_pem, ReadFile(folder / "ca.pem", kMaxPemBytes));
  MATIC_ASSIGN(files.certificate_pem, ReadFile(certificate_path, kMaxPemBytes));
  const std::filesystem::path key_path = folder / (name + ".key");
  MATIC_ASSIGN(files.key_pem, side == Side::kClient
                                  ? ReadSecretFile(std::filesystem::absolute(key_path))
                                  : ReadFile(key_path, kMaxPemBytes));

  auto ca_not_after = EarliestEnd(files.ca_pem);
  if (!ca_not_after) return Fail(ca_not_after.error().Context((folder / "ca.pem").string()));
  files.ca_not_after = *ca_not_after;
  auto certificate = ParseCertificate(files.certificate_pem);
  if (!certificate) return Fail(certificate.error().Context(certificate_path.string()));
  files.certificate = *std::move(certificate);
  if (auto fits = CheckKeyFits(files.certificate_pem, files.key_pem); !fits) {
    return Fail(fits.error().Context((folder / (name + ".key")).string()));
  }
  if (side == Side::kServer) {
    MATIC_ASSIGN(files.revoked, LoadRevocationList(folder / kRevocationListFile, files.ca_pem));
  }
  return files;
}

Result<TlsFiles> LoadServerFiles(const std::vector<std::filesystem::path>& folders) {
  std::string looked_in;
  for (const auto& folder : folders) {
    if (HasServerFiles(folder)) {
      MATIC_TRY(CheckServerFiles(folder));
      return LoadTlsFiles(folder, Side::kServer);
    }
    looked_in += (looked_in.empty() ? "" : " or ") + folder.string();
  }
  return Fail(ErrorCode::kNotFound,
              "no server.pem in " + looked_in + "; osctl pki issue makes one");
}

}  // namespace matic::rpc
