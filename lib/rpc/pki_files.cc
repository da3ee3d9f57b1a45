#include <sys/stat.h>

#include <cerrno>

#include "lib/os/durable_file.h"
#include "lib/os/secret.h"
#include "lib/rpc/certificate.h"
#include "lib/rpc/pki.h"
#include "lib/rpc/tls_files.h"

namespace matic::rpc {
namespace {

namespace fs = std::filesystem;

constexpr size_t kMaxPemBytes = 256 * 1024;
constexpr uint32_t kSecret = 0600;
constexpr uint32_t kPublic = 0644;
constexpr const char* kIssuedFolder = "issued";

Result<> CreateFolder(const fs::path& folder) {
  std::error_code failure;
  if (fs::exists(folder, failure)) return {};
  fs::create_directories(folder, failure);
  if (failure) return Fail(OsError("create " + folder.string(), failure.value()));
  // It will hold a private key; those who need others in it open it themselves.
  if (::chmod(folder.c_str(), 0700) != 0) return Fail(OsError("chmod " + folder.string(), errno));
  return {};
}

Result<> RefuseExisting(const fs::path& path) {
  std::error_code failure;
  if (!fs::exists(fs::symlink_status(path, failure))) return {};
  return Fail(ErrorCode::kRefused,
              path.string() + " exists and would be replaced; --force replaces it");
}

// Without it nothing that it signed can be withdrawn or followed by more.
Result<> RefuseAnotherKey(const fs::path& path) {
  std::error_code failure;
  if (!fs::exists(fs::symlink_status(path, failure))) return {};
  return Fail(ErrorCode::kRefused, path.string() +
                                       " exists, and a key that signs is never replaced; name "
                                       "another folder for a new authority, or move it away");
}

}  // namespace

Result<> WriteAuthority(const fs::path& folder, const KeyPair& authority, bool force) {
  MATIC_TRY(CreateFolder(folder));
  MATIC_TRY(RefuseAnotherKey(folder / "ca.key"));
  if (!force) MATIC_TRY(RefuseExisting(folder / "ca.pem"));
  MATIC_TRY(WriteFileDurably(folder / "ca.key", authority.key_pem, kSecret));
  return WriteFileDurably(folder / "ca.pem", authority.certificate_pem, kPublic);
}

Result<KeyPair> ReadAuthority(const fs::path& folder) {
  KeyPair authority;
  MATIC_ASSIGN(authority.certificate_pem, ReadFile(folder / "ca.pem", kMaxPemBytes));
  MATIC_ASSIGN(authority.key_pem, ReadSecretFile(fs::absolute(folder / "ca.key")));
  if (auto fits = CheckKeyFits(authority.certificate_pem, authority.key_pem); !fits) {
    return Fail(fits.error().Context((folder / "ca.key").string()));
  }
  return authority;
}

Result<> WriteLeaf(const fs::path& folder, const std::string& ca_pem, const KeyPair& leaf,
                   bool server, bool force) {
  MATIC_TRY(CreateFolder(folder));
  const std::string name(SideName(server ? Side::kServer : Side::kClient));
  const fs::path key = folder / (name + ".key");
  const fs::path certificate = folder / (name + ".pem");
  if (!force) {
    MATIC_TRY(RefuseExisting(key));
    MATIC_TRY(RefuseExisting(certificate));
    if (auto present = ReadFile(folder / "ca.pem", kMaxPemBytes);
        present ? *present != ca_pem : present.error().code != ErrorCode::kNotFound) {
      return Fail(ErrorCode::kRefused,
                  (folder / "ca.pem").string() + " is of another authority; --force replaces it");
    }
  }
  MATIC_TRY(WriteFileDurably(key, leaf.key_pem, kSecret));
  MATIC_TRY(WriteFileDurably(certificate, leaf.certificate_pem, kPublic));
  return WriteFileDurably(folder / "ca.pem", ca_pem, kPublic);
}

Result<> RecordIssued(const fs::path& folder, const std::string& certificate_pem) {
  MATIC_ASSIGN(const CertificateInfo info, ParseCertificate(certificate_pem));
  MATIC_TRY(CreateFolder(folder / kIssuedFolder));
  return WriteFileDurably(folder / kIssuedFolder / (info.serial + ".pem"), certificate_pem,
                          kPublic);
}

Result<std::vector<CertificateInfo>> ReadIssued(const fs::path& folder) {
  std::vector<CertificateInfo> issued;
  std::error_code failure;
  for (fs::directory_iterator entry(folder / kIssuedFolder, failure), end; !failure && entry != end;
       entry.increment(failure)) {
    if (entry->path().extension() != ".pem") continue;
    MATIC_ASSIGN(const std::string pem, ReadFile(entry->path(), kMaxPemBytes));
    auto info = ParseCertificate(pem);
    if (!info) return Fail(info.error().Context(entry->path().string()));
    issued.push_back(*std::move(info));
  }
  if (failure && failure != std::errc::no_such_file_or_directory) {
    return Fail(OsError("read " + (folder / kIssuedFolder).string(), failure.value()));
  }
  return issued;
}

}  // namespace matic::rpc
