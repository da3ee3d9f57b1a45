// A machine that trusts a root document, and the server that it asks.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "agent/channel/trusted_resolver.h"
#include "lib/os/durable_file.h"
#include "tests/fakes/fake_http_client.h"
#include "tests/fakes/manual_clock.h"
#include "tests/unit/lib/os/temporary_folder.h"
#include "tests/unit/lib/trust/signed_documents.h"

namespace matic::channel {

inline constexpr const char* kFolder = "https://updates.example.com/edge/";
inline constexpr const char* kChannel = "https://updates.example.com/edge/stable.json";

inline trust::Manifest ManifestHere() {
  trust::Manifest manifest = trust::GoodManifest();
  manifest.architecture = std::string(trust::OwnArchitecture());
  return manifest;
}

inline const std::string& DigestHere() {
  static const std::string digest = crypto::ToHex(ManifestHere().image.sha256);
  return digest;
}

class ResolverMachine : public testing::Test {
 protected:
  ResolverMachine() {
    options_.trust = {folder_ / "configured.json", "maticos", false};
    options_.channel_url = kChannel;
    options_.state_dir = folder_;
    options_.file_dirs = {folder_};
    Configure(trust::FirstRoot());
  }

  void Configure(const trust::Root& root) {
    Write("configured.json", trust::FormatRoot(root).value());
  }
  void Write(const std::string& name, const std::string& text) {
    std::ofstream(folder_ / name, std::ios::binary) << text;
  }
  std::string Read(const std::string& name) {
    return ReadFile(folder_ / name, 1 << 20).value_or("");
  }
  trust::TrustState State() { return trust::ParseTrustState(Read("trust/state.json")).value(); }

  void Put(const std::string& url, const std::string& text) {
    http_.Put(url, {text.begin(), text.end()});
  }
  void Publish(const std::string& url, const trust::Signed& document) {
    Put(url, document.bytes);
    Put(url + ".sig", document.signatures);
  }
  void PublishRoot(const trust::Root& root, trust::Names signers) {
    Publish(kFolder + trust::RootFileName(root.version), trust::SignRoot(root, signers));
  }
  void PublishChannel(const trust::Manifest& manifest) {
    Publish(kChannel, trust::SignManifest(manifest, {"m1", "m2"}));
  }

  // As after a restart of the agent: nothing but the disk remembers.
  Result<engine::ResolvedSource> Resolve(const std::string& source = "",
                                         const std::string& sha256 = "",
                                         const std::string& running = "1.9") {
    TrustedResolver resolver(options_, http_, clock_);
    return resolver.Resolve(source, sha256, running, {});
  }
  void Confirm(const std::string& version) {
    TrustedResolver(options_, http_, clock_).Confirmed(version);
  }
  void ExpectRefused(ErrorCode code, const std::string& why, const std::string& source = "",
                     const std::string& sha256 = "") {
    const auto resolved = Resolve(source, sha256);
    ASSERT_FALSE(resolved);
    EXPECT_EQ(resolved.error().code, code) << resolved.error().message;
    EXPECT_THAT(resolved.error().message, testing::HasSubstr(why));
  }

  const TemporaryFolder temporary_;
  const std::filesystem::path folder_ = temporary_.path();
  ResolverOptions options_;
  fakes::FakeHttpClient http_;
  fakes::ManualClock clock_;
};

}  // namespace matic::channel
