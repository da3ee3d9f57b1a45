#include "tests/unit/lib/trust/signed_documents.h"

#include "lib/crypto/sha256.h"

namespace matic::trust {
namespace {

std::span<const uint8_t> BytesOf(const std::string& text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

}  // namespace

crypto::PrivateKey KeyOf(const std::string& name) {
  return crypto::PrivateKey::FromSeed(crypto::Sha256Of(BytesOf(name))).value();
}

std::string IdOf(const std::string& name) { return crypto::KeyId(KeyOf(name).public_key()); }

Signed Sign(DocumentKind kind, const std::string& bytes, Names signers) {
  std::vector<KeySignature> signatures;
  for (const std::string& name : signers) {
    signatures.push_back(SignDocument(kind, bytes, KeyOf(name)).value());
  }
  return {bytes, FormatSignatureFile(signatures)};
}

Role RoleOf(Names keys, size_t threshold) {
  Role role;
  for (const std::string& name : keys) role.key_ids.push_back(IdOf(name));
  role.threshold = threshold;
  return role;
}

Root RootOf(uint64_t version, const Role& root, const Role& manifest, Names keys) {
  Root document{version, Time("2030-01-01T00:00:00Z"), {}, root, manifest};
  for (const std::string& name : keys) document.keys[IdOf(name)] = KeyOf(name).public_key();
  return document;
}

Root FirstRoot() {
  return RootOf(1, RoleOf({"r1", "r2", "r3"}, 2), RoleOf({"m1", "m2", "m3"}, 2),
                {"r1", "r2", "r3", "m1", "m2", "m3"});
}

Signed SignRoot(const Root& root, Names signers) {
  return Sign(DocumentKind::kRoot, FormatRoot(root).value(), signers);
}

Manifest GoodManifest() {
  Manifest manifest;
  manifest.product = "maticos";
  manifest.version = "2.0";
  manifest.architecture = "x86-64";
  manifest.channel = "stable";
  manifest.image = {"os-2.0.squashfs", 123456789, crypto::Sha256Of(BytesOf("image"))};
  manifest.delta_index = {"os-2.0.idx", 4096, crypto::Sha256Of(BytesOf("index"))};
  manifest.patches = {{crypto::Sha256Of(BytesOf("old image")),
                       {"https://cdn.example.com/p", 512, crypto::Sha256Of(BytesOf("patch"))}}};
  manifest.minimum_version = "1.5";
  manifest.released = Time("2026-01-01T00:00:00Z");
  manifest.expires = Time("2026-04-01T00:00:00Z");
  manifest.release_notes = "Faster.\n\tAnd safer.";
  return manifest;
}

Signed SignManifest(const Manifest& manifest, Names signers) {
  return Sign(DocumentKind::kManifest, FormatManifest(manifest).value(), signers);
}

Expectation GoodExpectation() {
  return {.product = "maticos",
          .architecture = "x86-64",
          .channel = "stable",
          .running_version = "1.9",
          .now = Time("2026-01-27T01:00:00Z")};
}

WallTime Time(const std::string& text) { return ParseTime(text).value(); }

}  // namespace matic::trust
