#include "lib/rpc/tls_files.h"

#include "lib/os/durable_file.h"

namespace matic::rpc {
namespace {

// Far more than a chain of certificates takes.
constexpr size_t kMaxPemBytes = 256 * 1024;

}  // namespace

std::string_view SideName(Side side) { return side == Side::kServer ? "server" : "client"; }

Result<TlsFiles> LoadTlsFiles(const std::filesystem::path& folder, Side side) {
  const std::string name(SideName(side));
  const std::filesystem::path certificate_path = folder / (name + ".pem");
  TlsFiles files;
  MATIC_ASSIGN(files.ca_pem, ReadFile(folder / "ca.pem", kMaxPemBytes));
  MATIC_ASSIGN(files.certificate_pem, ReadFile(certificate_path, kMaxPemBytes));
  MATIC_ASSIGN(files.key_pem, ReadFile(folder / (name + ".key"), kMaxPemBytes));

  if (auto ca = ParseCertificate(files.ca_pem); !ca) {
    return Fail(ca.error().Context((folder / "ca.pem").string()));
  }
  auto certificate = ParseCertificate(files.certificate_pem);
  if (!certificate) return Fail(certificate.error().Context(certificate_path.string()));
  files.certificate = *std::move(certificate);
  if (auto fits = CheckKeyFits(files.certificate_pem, files.key_pem); !fits) {
    return Fail(fits.error().Context((folder / (name + ".key")).string()));
  }
  return files;
}

}  // namespace matic::rpc
