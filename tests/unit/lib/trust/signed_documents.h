// Keys, root documents and manifests, signed by whom a test says.
#pragma once

#include <initializer_list>
#include <string>

#include "lib/trust/manifest.h"
#include "lib/trust/root.h"
#include "lib/trust/verify_manifest.h"

namespace matic::trust {

// The same key for the same name, in every run.
crypto::PrivateKey KeyOf(const std::string& name);
std::string IdOf(const std::string& name);

struct Signed {
  std::string bytes;
  std::string signatures;
  SignedDocument view() const { return {bytes, signatures}; }
};

using Names = std::initializer_list<std::string>;

Signed Sign(DocumentKind kind, const std::string& bytes, Names signers);

Role RoleOf(Names keys, size_t threshold);
// Expires in 2030.
Root RootOf(uint64_t version, const Role& root, const Role& manifest, Names keys);
// Keys r1, r2, r3 with a threshold of 2 for itself; m1, m2, m3 with a threshold of 2 for manifests.
Root FirstRoot();
Signed SignRoot(const Root& root, Names signers);

// Of "maticos" for x86-64, version 2.0, in the channel "stable"; released on 2026-01-01, expires on
// 2026-04-01.
Manifest GoodManifest();
Signed SignManifest(const Manifest& manifest, Names signers);

// A "maticos" for x86-64 that runs 1.9 and follows "stable", on 2026-01-27.
Expectation GoodExpectation();

WallTime Time(const std::string& text);

}  // namespace matic::trust
