// The root document: which keys may sign manifests, and which the next root document
// (docs/formats.md, "Root document"). What a machine trusts follows from the one it is given.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/result.h"
#include "lib/base/time.h"
#include "lib/crypto/ed25519.h"
#include "lib/trust/signature_file.h"

namespace matic::trust {

inline constexpr size_t kMaxRootBytes = 256 * 1024;
inline constexpr size_t kMaxRootKeys = 64;
inline constexpr uint64_t kMaxRootVersion = 1'000'000;

struct Role {
  std::vector<std::string> key_ids;  // of Root::keys, each once
  size_t threshold = 0;              // of different keys; 0 is met by nothing
};

struct Root {
  uint64_t version = 0;
  WallTime expires;
  std::map<std::string, crypto::PublicKey> keys;  // by crypto::KeyId
  Role root;
  Role manifest;
};

// A document with the content of its .sig file. Views: the bytes must outlive it.
struct SignedDocument {
  std::string_view bytes;
  std::string_view signatures;
};

// The root document that a machine is configured with: it is trusted because an administrator, or
// the running system's image, put it there, so its signatures are not looked at. kCorrupt names the
// field that is wrong.
Result<Root> ParseConfiguredRoot(std::string_view text);

// kInvalidArgument where a reader would not take it. The text ends with a line feed.
Result<std::string> FormatRoot(const Root& root);

// The ids of the keys of `role` that signed the document, when they are enough. kPermission where
// they are too few, or the role has no threshold; kCorrupt where the document or the signature file
// is too large, or the latter is not of its format. No byte of the document is parsed.
Result<std::vector<std::string>> VerifySignatures(const Root& root, const Role& role,
                                                  DocumentKind kind,
                                                  const SignedDocument& document);

// The root document after `current`: signed by a threshold of `current`'s root keys and by a
// threshold of its own, and of the very next version, so that no step of a rotation is left out or
// repeated. kPermission where signatures are missing, kRefused for another version.
//
// Neither one's expiry is judged: a machine that slept through several rotations walks them all,
// and only the last must be current (VerifyManifest sees to that).
Result<Root> VerifyNextRoot(const Root& current, const SignedDocument& next);

// "2.root.json": the name that the document of a version is published under, beside the manifests.
std::string RootFileName(uint64_t version);

}  // namespace matic::trust
