#include "lib/trust/signature_file.h"

#include <algorithm>

#include "lib/base/hex.h"
#include "lib/trust/fields.h"
#include "lib/trust/manifest.h"
#include "lib/trust/root.h"
#include "lib/trust/strict_json.h"

namespace matic::trust {
namespace {

using nlohmann::json;

// None is the start of another, so no document can be taken for one of another kind.
std::string_view Prefix(DocumentKind kind) {
  switch (kind) {
    case DocumentKind::kManifest:
      return "matic-manifest-v1\n";
    case DocumentKind::kRoot:
      return "matic-root-v1\n";
  }
  return "";
}

std::span<const uint8_t> BytesOf(const std::string& text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

Result<KeySignature> ParseEntry(const json& value, const std::string& path) {
  MATIC_ASSIGN(const Fields entry, Fields::Of(value, path));
  KeySignature signature;
  MATIC_ASSIGN(const crypto::Digest key_id, entry.Sha256("keyid"));
  signature.key_id = crypto::ToHex(key_id);
  auto& bytes = signature.signature.bytes;
  MATIC_ASSIGN(const std::string text, entry.Text("signature", 2 * bytes.size()));
  const auto decoded = HexDecode(text);
  if (!decoded || decoded->size() != bytes.size()) {
    return Fail(ErrorCode::kCorrupt, path + ".signature: not 128 hex digits");
  }
  std::ranges::copy(*decoded, bytes.begin());
  return signature;
}

}  // namespace

std::string_view KindName(DocumentKind kind) {
  return kind == DocumentKind::kManifest ? "manifest" : "root";
}

size_t MaxDocumentBytes(DocumentKind kind) {
  return kind == DocumentKind::kManifest ? kMaxManifestBytes : kMaxRootBytes;
}

Result<std::vector<KeySignature>> ParseSignatureFile(std::string_view text) {
  MATIC_ASSIGN(const json document, ParseStrictJson(text, kMaxSignatureFileBytes));
  MATIC_ASSIGN(const Fields fields, Fields::Of(document, ""));
  MATIC_ASSIGN(const json* list, fields.List("signatures", kMaxSignatures));
  std::vector<KeySignature> signatures;
  for (const json& value : *list) {
    const std::string path = "signatures[" + std::to_string(signatures.size()) + "]";
    MATIC_ASSIGN(KeySignature signature, ParseEntry(value, path));
    signatures.push_back(std::move(signature));
  }
  return signatures;
}

std::string FormatSignatureFile(const std::vector<KeySignature>& signatures) {
  json list = json::array();
  for (const KeySignature& signature : signatures) {
    list.push_back(
        {{"keyid", signature.key_id}, {"signature", HexEncode(signature.signature.bytes)}});
  }
  return json{{"signatures", list}}.dump(2) + "\n";
}

std::string SignedMessage(DocumentKind kind, std::string_view document) {
  return std::string(Prefix(kind)).append(document);
}

Result<KeySignature> SignDocument(DocumentKind kind, std::string_view document,
                                  const crypto::PrivateKey& key) {
  const std::string message = SignedMessage(kind, document);
  MATIC_ASSIGN(const crypto::Signature signature, key.Sign(BytesOf(message)));
  return KeySignature{crypto::KeyId(key.public_key()), signature};
}

Result<> PutSignature(std::vector<KeySignature>& signatures, KeySignature signature) {
  std::erase_if(signatures, [&](const KeySignature& s) { return s.key_id == signature.key_id; });
  if (signatures.size() >= kMaxSignatures) {
    return Fail(ErrorCode::kRefused,
                "there are " + std::to_string(kMaxSignatures) + " signatures already");
  }
  signatures.push_back(std::move(signature));
  return {};
}

}  // namespace matic::trust
