// Keys and signed documents as files, for the commands that make and check them.
#pragma once

#include <optional>
#include <string>

#include "lib/base/result.h"
#include "lib/crypto/ed25519.h"
#include "lib/trust/root.h"

namespace CLI {
class App;
}

namespace matic::osctl {

class Session;

struct SigningKey {
  std::string path;             // PEM of PKCS #8
  std::string passphrase_file;  // empty: the key is not encrypted
};

void AddSigningKeyOptions(CLI::App& command, SigningKey& key);

// Errors name the file. A private key that everybody may read is refused (kPermission).
Result<crypto::PrivateKey> ReadPrivateKey(const SigningKey& key);
Result<crypto::PublicKey> ReadPublicKey(const std::string& path);

// Content of `passphrase_file`, one line; none where its name is empty.
Result<std::optional<std::string>> ReadPassphrase(const std::string& passphrase_file);

// A document with its signatures, read once: what is verified is what is used.
struct DocumentFile {
  std::string path;
  std::string bytes;
  std::string signatures;
  trust::SignedDocument view() const { return {bytes, signatures}; }
};

std::string SignaturePath(const std::string& document);

// Neither is larger than a reader takes. Without signatures it is kNotFound, saying how to sign.
Result<DocumentFile> ReadSignedFile(const std::string& path, trust::DocumentKind kind);
Result<std::string> ReadDocument(const std::string& path, trust::DocumentKind kind);

// Writes a new document; its old signatures, which fit it no longer, go first. kRefused where it
// exists, unless forced.
Result<> WriteDocument(const std::string& path, const std::string& text, bool force);

// `PARENT sign`, the same for each kind of document.
void AddSignCommand(CLI::App& parent, Session& session, trust::DocumentKind kind);

}  // namespace matic::osctl
