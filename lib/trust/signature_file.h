// NAME.sig: who signed the file NAME (docs/formats.md, "Signature files").
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "lib/base/result.h"
#include "lib/crypto/ed25519.h"

namespace matic::trust {

inline constexpr size_t kMaxSignatureFileBytes = 64 * 1024;
inline constexpr size_t kMaxSignatures = 64;

// What a signature is for. A signature of one kind of document fits none of another.
enum class DocumentKind { kManifest, kRoot };

// "manifest", "root"
std::string_view KindName(DocumentKind kind);

// The largest document of a kind that is fetched, hashed or parsed.
size_t MaxDocumentBytes(DocumentKind kind);

struct KeySignature {
  std::string key_id;  // crypto::KeyId
  crypto::Signature signature;
};

// kCorrupt where the file is too large, is not of the format, or has too many signatures. Says
// nothing about the signatures themselves. A key may occur twice; who counts keys counts it once.
Result<std::vector<KeySignature>> ParseSignatureFile(std::string_view text);
std::string FormatSignatureFile(const std::vector<KeySignature>& signatures);

// What is signed: a prefix that names the kind ("matic-manifest-v1", a line feed), then the
// document's exact bytes.
std::string SignedMessage(DocumentKind kind, std::string_view document);

Result<KeySignature> SignDocument(DocumentKind kind, std::string_view document,
                                  const crypto::PrivateKey& key);

// Replaces the signature of the same key, or adds one. kRefused where the file is full.
Result<> PutSignature(std::vector<KeySignature>& signatures, KeySignature signature);

}  // namespace matic::trust
