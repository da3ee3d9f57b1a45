#include "lib/trust/root.h"

#include <algorithm>
#include <set>

#include "lib/base/hex.h"
#include "lib/trust/fields.h"
#include "lib/trust/strict_json.h"

namespace matic::trust {
namespace {

using nlohmann::json;

Result<std::map<std::string, crypto::PublicKey>> ParseKeys(const Fields& fields) {
  MATIC_ASSIGN(const Fields object, fields.Object("keys"));
  if (object.object().size() > kMaxRootKeys) {
    return Fail(ErrorCode::kCorrupt,
                "keys: more than " + std::to_string(kMaxRootKeys) + " are not taken");
  }
  std::map<std::string, crypto::PublicKey> keys;
  for (const auto& [id, value] : object.object().items()) {
    // Not the id itself: it may be as long as the document.
    const std::string path = "keys[" + std::to_string(keys.size()) + "]";
    MATIC_ASSIGN(const Fields entry, Fields::Of(value, path));
    MATIC_ASSIGN(const std::string type, entry.Name("type"));
    if (type != "ed25519") {
      return Fail(ErrorCode::kCorrupt, path + ".type: '" + type + "', not 'ed25519'");
    }
    MATIC_ASSIGN(const std::string text, entry.Text("public", 64));
    const auto key = crypto::ParsePublicKeyHex(text);
    if (!key) return Fail(ErrorCode::kCorrupt, path + ".public: " + key.error().message);
    // Else one key under two names would count twice.
    if (id != crypto::KeyId(*key)) {
      return Fail(ErrorCode::kCorrupt,
                  path + ": its name is not the key's id, " + crypto::KeyId(*key));
    }
    keys.emplace(id, *key);
  }
  return keys;
}

Result<Role> ParseRole(const Fields& roles, const char* name,
                       const std::map<std::string, crypto::PublicKey>& keys) {
  MATIC_ASSIGN(const Fields fields, roles.Object(name));
  MATIC_ASSIGN(const json* list, fields.List("keyids", kMaxRootKeys));
  Role role;
  std::set<std::string> seen;
  for (const json& value : *list) {
    if (!value.is_string() || !keys.contains(value.get_ref<const std::string&>())) {
      return Fail(ErrorCode::kCorrupt, fields.PathOf("keyids") + ": not the id of one of the keys");
    }
    const auto& id = value.get_ref<const std::string&>();
    if (!seen.insert(id).second) {
      return Fail(ErrorCode::kCorrupt, fields.PathOf("keyids") + ": has " + id + " twice");
    }
    role.key_ids.push_back(id);
  }
  MATIC_ASSIGN(role.threshold, fields.Number("threshold", 1, kMaxRootKeys));
  if (role.threshold > role.key_ids.size()) {
    return Fail(ErrorCode::kCorrupt,
                fields.PathOf("threshold") + ": " + std::to_string(role.threshold) + " of " +
                    std::to_string(role.key_ids.size()) + " keys can never be met");
  }
  return role;
}

json RoleToJson(const Role& role) {
  return {{"keyids", role.key_ids}, {"threshold", role.threshold}};
}

// Which of the root's keys made a signature that holds. Each counts once, however often it signed.
std::set<std::string> Signers(const Root& root, const Role& role, const std::string& message,
                              const std::vector<KeySignature>& signatures) {
  const std::span bytes(reinterpret_cast<const uint8_t*>(message.data()), message.size());
  std::set<std::string> signers;
  for (const KeySignature& signature : signatures) {
    const auto key = root.keys.find(signature.key_id);
    const bool of_role = std::ranges::find(role.key_ids, signature.key_id) != role.key_ids.end();
    if (key == root.keys.end() || !of_role || signers.contains(signature.key_id)) continue;
    if (crypto::Verify(key->second, bytes, signature.signature)) signers.insert(signature.key_id);
  }
  return signers;
}

}  // namespace

Result<Root> ParseConfiguredRoot(std::string_view text) {
  MATIC_ASSIGN(const json document, ParseStrictJson(text, kMaxRootBytes));
  MATIC_ASSIGN(const Fields fields, Fields::Of(document, ""));
  MATIC_TRY(fields.CheckHeader("root"));
  Root root;
  MATIC_ASSIGN(root.version, fields.Number("version", 1, kMaxRootVersion));
  MATIC_ASSIGN(root.expires, fields.Time("expires"));
  MATIC_ASSIGN(root.keys, ParseKeys(fields));
  MATIC_ASSIGN(const Fields roles, fields.Object("roles"));
  MATIC_ASSIGN(root.root, ParseRole(roles, "root", root.keys));
  MATIC_ASSIGN(root.manifest, ParseRole(roles, "manifest", root.keys));
  return root;
}

Result<std::string> FormatRoot(const Root& root) {
  json keys = json::object();
  for (const auto& [id, key] : root.keys) {
    keys[id] = {{"type", "ed25519"}, {"public", HexEncode(key.bytes)}};
  }
  const json document = {
      {"type", "root"},
      {"format", 1},
      {"version", root.version},
      {"expires", FormatTime(root.expires)},
      {"keys", keys},
      {"roles", {{"root", RoleToJson(root.root)}, {"manifest", RoleToJson(root.manifest)}}}};
  const std::string text = document.dump(2, ' ', false, json::error_handler_t::replace) + "\n";
  if (const Result<Root> read = ParseConfiguredRoot(text); !read) {
    return Fail(ErrorCode::kInvalidArgument, read.error().message);
  }
  return text;
}

Result<std::vector<std::string>> VerifySignatures(const Root& root, const Role& role,
                                                  DocumentKind kind,
                                                  const SignedDocument& document) {
  const std::string name(KindName(kind));
  if (document.bytes.size() > MaxDocumentBytes(kind)) {
    return Fail(ErrorCode::kCorrupt, "the " + name + " is larger than " +
                                         std::to_string(MaxDocumentBytes(kind)) + " bytes");
  }
  if (role.threshold == 0) {
    return Fail(ErrorCode::kPermission, "no key is trusted to sign a " + name);
  }
  const auto signatures = ParseSignatureFile(document.signatures);
  if (!signatures) return Fail(signatures.error().Context("the signatures of the " + name));

  const std::set<std::string> signers =
      Signers(root, role, SignedMessage(kind, document.bytes), *signatures);
  if (signers.size() < role.threshold) {
    return Fail(ErrorCode::kPermission,
                "the " + name + " is signed by " + std::to_string(signers.size()) + " of the " +
                    std::to_string(role.key_ids.size()) + " keys of root document " +
                    std::to_string(root.version) + ", and it takes " +
                    std::to_string(role.threshold));
  }
  return std::vector<std::string>(signers.begin(), signers.end());
}

Result<Root> VerifyNextRoot(const Root& current, const SignedDocument& next) {
  MATIC_TRY(VerifySignatures(current, current.root, DocumentKind::kRoot, next));
  Result<Root> parsed = ParseConfiguredRoot(next.bytes);
  if (!parsed) return Fail(parsed.error().Context("the next root document"));
  if (parsed->version != current.version + 1) {
    return Fail(ErrorCode::kRefused, "the root document is version " +
                                         std::to_string(parsed->version) + ", and after " +
                                         std::to_string(current.version) + " comes " +
                                         std::to_string(current.version + 1));
  }
  // Whoever holds the new keys must agree, or nobody could sign the one after.
  MATIC_TRY(VerifySignatures(*parsed, parsed->root, DocumentKind::kRoot, next));
  return parsed;
}

std::string RootFileName(uint64_t version) { return std::to_string(version) + ".root.json"; }

}  // namespace matic::trust
