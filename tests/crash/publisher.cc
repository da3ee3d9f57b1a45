#include "tests/crash/publisher.h"

#include "lib/crypto/sha256.h"
#include "lib/trust/version.h"
#include "tests/crash/systems.h"
#include "tests/unit/lib/trust/signed_documents.h"

namespace matic::crash {
namespace {

constexpr const char* kServer = "https://updates.example.com/";

void Put(fakes::FakeHttpClient& server, const std::string& url, const std::string& text) {
  server.Put(url, {text.begin(), text.end()});
}

void Put(fakes::FakeHttpClient& server, const std::string& url, const trust::Signed& document) {
  Put(server, url, document.bytes);
  Put(server, url + ".sig", document.signatures);
}

// One of the keys for root documents is another one. Those for manifests are not: what was
// remembered under them counts as before.
trust::Root NextRoot() {
  return trust::RootOf(2, trust::RoleOf({"r1", "r2", "r4"}, 2),
                       trust::RoleOf({"m1", "m2", "m3"}, 2), {"r1", "r2", "r4", "m1", "m2", "m3"});
}

trust::Manifest ManifestOf(const System& system) {
  trust::Manifest manifest;
  manifest.product = kProduct;
  manifest.version = system.version;
  manifest.architecture = trust::OwnArchitecture();
  manifest.channel = "stable";
  manifest.image = {system.version + ".squashfs", system.image.size(),
                    crypto::Sha256Of(system.image)};
  manifest.released = trust::Time("2026-01-01T00:00:00Z");
  manifest.expires = trust::Time("2026-04-01T00:00:00Z");
  return manifest;
}

}  // namespace

std::string UrlOf(const std::string& version) { return kServer + version + ".squashfs"; }

void Publish(fakes::FakeHttpClient& server) {
  for (const System& system : Systems()) {
    server.Put(UrlOf(system.version), system.image);
    if (!system.index.empty()) server.Put(UrlOf(system.version) + ".idx", system.index);
  }
}

void PublishSignatures(fakes::FakeHttpClient& server) {
  const trust::Root next = NextRoot();
  Put(server, kServer + trust::RootFileName(next.version), trust::SignRoot(next, {"r1", "r2"}));
  for (const System& system : Systems()) {
    if (!trust::CheckVersion(system.version)) continue;
    Put(server, kServer + system.version + ".manifest.json",
        trust::SignManifest(ManifestOf(system), {"m1", "m2"}));
  }
}

std::string ConfiguredRoot() { return trust::FormatRoot(trust::FirstRoot()).value(); }

}  // namespace matic::crash
