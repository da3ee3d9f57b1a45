#include "osctl/client/identity.h"

#include <cstdlib>

namespace matic::osctl {
namespace {

Result<std::filesystem::path> PkiFolder(const std::string& named) {
  if (!named.empty()) return std::filesystem::path(named);
  const char* home = std::getenv("HOME");
  if (home == nullptr || *home == '\0') {
    return Fail(ErrorCode::kPermission, "HOME is not set; --pki names the folder of certificates");
  }
  return std::filesystem::path(home) / ".config/matic/pki";
}

}  // namespace

Result<std::shared_ptr<const Identity>> LoadIdentity(const std::string& pki_dir) {
  auto identity = std::make_shared<Identity>();
  MATIC_ASSIGN(identity->folder, PkiFolder(pki_dir));
  auto files = rpc::LoadTlsFiles(identity->folder, rpc::Side::kClient);
  if (!files && files.error().code == ErrorCode::kNotFound) {
    return Fail(ErrorCode::kPermission, files.error().message);
  }
  if (!files) return Fail(files.error());
  identity->files = *std::move(files);
  return identity;
}

}  // namespace matic::osctl
