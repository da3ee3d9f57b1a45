#include "osctl/signing.h"

#include <CLI/CLI.hpp>
#include <filesystem>

#include "lib/os/durable_file.h"
#include "lib/os/secret.h"
#include "osctl/session.h"

namespace matic::osctl {
namespace {

namespace fs = std::filesystem;

constexpr uint32_t kPublicMode = 0644;

}  // namespace

void AddSigningKeyOptions(CLI::App& command, SigningKey& key) {
  command.add_option("--key", key.path, "The private key to sign with")
      ->type_name("FILE")
      ->required();
  command
      .add_option("--passphrase-file", key.passphrase_file,
                  "A file whose one line is the key's passphrase")
      ->type_name("FILE");
}

Result<std::optional<std::string>> ReadPassphrase(const std::string& passphrase_file) {
  if (passphrase_file.empty()) return std::optional<std::string>();
  MATIC_ASSIGN(std::string text, ReadSecret(fs::absolute(passphrase_file)));
  return std::optional(std::move(text));
}

Result<crypto::PrivateKey> ReadPrivateKey(const SigningKey& key) {
  const Result<std::string> secret = ReadSecretFile(fs::absolute(key.path));
  // A public key is for everybody to read, and named here by mistake.
  if (!secret && ReadPublicKey(key.path)) {
    return Fail(ErrorCode::kInvalidArgument,
                key.path + ": not a PEM private key: it is a public one");
  }
  MATIC_ASSIGN(const std::string pem, secret);
  MATIC_ASSIGN(const std::optional<std::string> passphrase, ReadPassphrase(key.passphrase_file));
  Result<crypto::PrivateKey> read = crypto::PrivateKey::FromPem(pem, passphrase);
  if (read) return read;
  Error error = read.error().Context(key.path);
  if (!passphrase && pem.find("ENCRYPTED") != std::string::npos) {
    error.message += "; --passphrase-file names a file with it";
  }
  return Fail(error);
}

Result<crypto::PublicKey> ReadPublicKey(const std::string& path) {
  MATIC_ASSIGN(const std::string pem, ReadFile(path, crypto::kMaxPemBytes));
  Result<crypto::PublicKey> key = crypto::ParsePublicKeyPem(pem);
  if (!key) return Fail(key.error().Context(path));
  return key;
}

std::string SignaturePath(const std::string& document) { return document + ".sig"; }

Result<std::string> ReadDocument(const std::string& path, trust::DocumentKind kind) {
  return ReadFile(path, trust::MaxDocumentBytes(kind));
}

Result<DocumentFile> ReadSignedFile(const std::string& path, trust::DocumentKind kind) {
  DocumentFile file{path, {}, {}};
  MATIC_ASSIGN(file.bytes, ReadDocument(path, kind));
  auto signatures = ReadFile(SignaturePath(path), trust::kMaxSignatureFileBytes);
  if (!signatures && signatures.error().code == ErrorCode::kNotFound) {
    return Fail(ErrorCode::kNotFound, path + " is not signed: there is no " + SignaturePath(path) +
                                          "; osctl " + std::string(trust::KindName(kind)) +
                                          " sign --key KEY " + path + " makes it");
  }
  if (!signatures) return Fail(signatures.error());
  file.signatures = *std::move(signatures);
  return file;
}

Result<> WriteDocument(const std::string& path, const std::string& text, bool force) {
  std::error_code failure;
  if (!force && fs::exists(path, failure)) {
    return Fail(ErrorCode::kRefused, path + " exists; --force replaces it");
  }
  fs::remove(SignaturePath(path), failure);
  if (failure) return Fail(OsError("remove " + SignaturePath(path), failure.value()));
  return WriteFileDurably(path, text, kPublicMode);
}

}  // namespace matic::osctl
