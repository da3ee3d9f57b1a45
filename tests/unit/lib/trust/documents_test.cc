// The fields of each format, one by one.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/unit/lib/trust/signed_documents.h"

namespace matic::trust {
namespace {

using nlohmann::json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

json GoodManifestJson() { return json::parse(FormatManifest(GoodManifest()).value()); }
json GoodRootJson() { return json::parse(FormatRoot(FirstRoot()).value()); }

struct Change {
  const char* pointer;  // JSON pointer
  json value;           // discarded: the field is removed
  const char* says;
};

json Apply(json document, const Change& change) {
  const json::json_pointer pointer(change.pointer);
  if (change.value.is_discarded()) {
    json& parent = document[pointer.parent_pointer()];
    parent.erase(pointer.back());
  } else {
    document[pointer] = change.value;
  }
  return document;
}

const json kMissing = json(json::value_t::discarded);

TEST(Manifest, WhatAReaderDoesNotKnowIsPassedOver) {
  json document = GoodManifestJson();
  document["rollout"] = {{"percent", 5}};
  document["image"]["mirrors"] = {"https://b.example.com/x"};
  const auto manifest = ParseManifest(document.dump());
  ASSERT_TRUE(manifest) << manifest.error().message;
  EXPECT_EQ(FormatManifest(*manifest).value(), FormatManifest(GoodManifest()).value());
}

TEST(Manifest, OptionalFieldsMayBeAbsent) {
  json document = GoodManifestJson();
  for (const char* key :
       {"channel", "delta_index", "patches", "minimum_version", "release_notes"}) {
    document.erase(key);
  }
  const auto manifest = ParseManifest(document.dump());
  ASSERT_TRUE(manifest) << manifest.error().message;
  EXPECT_EQ(json::parse(FormatManifest(*manifest).value()), document);
}

TEST(Manifest, EachFieldIsChecked) {
  const std::string long_url = "https://h/" + std::string(kMaxManifestBytes / 2, 'a');
  const Change changes[] = {
      {"/type", "root", "type: 'root', not 'manifest'"},
      {"/type", kMissing, "type: missing"},
      {"/format", 2, "format: 2, which only a newer release reads"},
      {"/format", 0, "format: not a whole number"},
      {"/product", kMissing, "product: missing"},
      {"/product", "", "product: a name has 1 to 64"},
      {"/product", "mat ic", "product: a name has"},
      {"/product", std::string(65, 'a'), "product: 65 bytes, and at most 64"},
      {"/product", 7, "product: not text"},
      {"/version", "newest", "version: a version has"},
      {"/architecture", "x86/64", "architecture: a name"},
      {"/channel", "", "channel: a name"},
      {"/channel", nullptr, "channel: not text"},
      {"/image", kMissing, "image: missing"},
      {"/image", "x", "image: not an object"},
      {"/image/url", "../x", "image.url: a relative path"},
      {"/image/url", long_url, "image.url: 524298 bytes, and at most 2048"},
      {"/image/size", 0, "image.size: not a whole number from 1 to 1099511627776"},
      {"/image/size", -1, "image.size: not a whole number"},
      {"/image/size", 1.5, "image.size: not a whole number"},
      {"/image/size", "123", "image.size: not a whole number"},
      {"/image/size", kMaxFileBytes + 1, "image.size: not a whole number"},
      {"/image/sha256", "abc", "image.sha256: not a SHA-256: 3 characters"},
      {"/image/sha256", std::string(64, 'x'), "image.sha256: not a SHA-256"},
      {"/delta_index", json::array(), "delta_index: not an object"},
      {"/delta_index/sha256", kMissing, "delta_index.sha256: missing"},
      {"/patches", json::object(), "patches: not a list"},
      {"/patches/0", 1, "patches[0]: not an object"},
      {"/patches/0/from", kMissing, "patches[0].from: missing"},
      {"/patches/0/url", "ftp://x", "patches[0].url: only https, http and file"},
      {"/minimum_version", "", "minimum_version: a version has"},
      {"/released", "2026-01-01", "released: a time is written 2026-01-27T01:00:00Z"},
      {"/released", "2026-01-01T00:00:00+01:00", "released: a time is written"},
      {"/released", "2026-13-01T00:00:00Z", "released: a time"},
      {"/expires", "infinite-future", "expires: a time"},
      {"/expires", "9999-01-01T00:00:00Z", "expires: a time"},
      {"/expires", "2026-01-01T00:00:00Z", "expires: not later than released"},
      {"/release_notes", "bell \a", "release_notes: has control characters"},
      {"/release_notes", std::string(kMaxReleaseNotesBytes + 1, 'n'), "release_notes: 65537 bytes"},
  };
  for (const Change& change : changes) {
    const auto manifest = ParseManifest(Apply(GoodManifestJson(), change).dump());
    ASSERT_FALSE(manifest) << change.pointer << " " << change.value.dump();
    EXPECT_EQ(manifest.error().code, ErrorCode::kCorrupt);
    EXPECT_THAT(manifest.error().message, StartsWith(change.says));
  }
}

TEST(Manifest, WhatNoReaderTakesIsNotWritten) {
  Manifest manifest = GoodManifest();
  manifest.product = "no\xffutf8";
  const auto text = FormatManifest(manifest);
  ASSERT_FALSE(text);
  EXPECT_EQ(text.error().code, ErrorCode::kInvalidArgument);
  EXPECT_THAT(text.error().message, HasSubstr("product"));
}

TEST(Manifest, AChannelIsNamedByItsFile) {
  EXPECT_EQ(ChannelOf("https://cdn.example.com/os/stable.json"), "stable");
  EXPECT_EQ(ChannelOf("https://cdn.example.com/stable.json?token=a/b.json#x"), "stable");
  EXPECT_EQ(ChannelOf("file:///mnt/beta.json"), "beta");
  EXPECT_EQ(ChannelOf("https://cdn.example.com/os-2.0.squashfs.manifest.json"), "");
  EXPECT_EQ(ChannelOf("https://cdn.example.com/os-2.0.squashfs"), "");
  EXPECT_EQ(ChannelOf("https://cdn.example.com/.json"), "");
  EXPECT_EQ(ChannelOf("https://cdn.example.com/a%20b.json"), "");
}

TEST(Manifest, ArchitecturesAreNamedAsSystemdDoes) {
  EXPECT_EQ(ArchitectureOf(0x8664), "x86-64");
  EXPECT_EQ(ArchitectureOf(0xaa64), "arm64");
  EXPECT_EQ(ArchitectureOf(0x14c), "");
  EXPECT_NE(OwnArchitecture(), "");
}

TEST(RootDocument, EachFieldIsChecked) {
  const std::string m1 = "/keys/" + IdOf("m1");
  const std::string of_m1 = m1 + "/public", kind_of_m1 = m1 + "/type";
  const json many = json::array({std::string(64, 'a')});
  const Change changes[] = {
      {"/type", "manifest", "type: 'manifest', not 'root'"},
      {"/version", 0, "version: not a whole number from 1"},
      {"/version", kMaxRootVersion + 1, "version: not a whole number"},
      {"/expires", kMissing, "expires: missing"},
      {"/keys", json::array(), "keys: not an object"},
      {"/keys", json::object(), "roles.root.keyids: not the id of one of the keys"},
      {m1.c_str(), "x", "keys["},
      {of_m1.c_str(), std::string(64, '0'), "keys["},
      {of_m1.c_str(), std::string(65, '0'), "keys["},
      {kind_of_m1.c_str(), "rsa", "keys["},
      {"/roles/root", kMissing, "roles.root: missing"},
      {"/roles/manifest", kMissing, "roles.manifest: missing"},
      {"/roles/root/threshold", 0, "roles.root.threshold: not a whole number from 1"},
      {"/roles/root/threshold", 4, "roles.root.threshold: 4 of 3 keys can never be met"},
      {"/roles/manifest/threshold", kMissing, "roles.manifest.threshold: missing"},
      {"/roles/manifest/keyids", many, "roles.manifest.keyids: not the id of one"},
      {"/roles/manifest/keyids", json::array(), "roles.manifest.threshold: 2 of 0"},
      {"/roles/manifest/keyids/1", 5, "roles.manifest.keyids: not the id"},
  };
  for (const Change& change : changes) {
    const auto root = ParseConfiguredRoot(Apply(GoodRootJson(), change).dump());
    ASSERT_FALSE(root) << change.pointer << " " << change.value.dump();
    EXPECT_EQ(root.error().code, ErrorCode::kCorrupt);
    EXPECT_THAT(root.error().message, StartsWith(change.says));
  }
}

TEST(SignatureFile, EachFieldIsChecked) {
  const json good = json::parse(SignManifest(GoodManifest(), {"m1"}).signatures);
  const Change changes[] = {
      {"/signatures", kMissing, "signatures: missing"},
      {"/signatures/0", "x", "signatures[0]: not an object"},
      {"/signatures/0/keyid", kMissing, "signatures[0].keyid: missing"},
      {"/signatures/0/keyid", "m1", "signatures[0].keyid: not a SHA-256"},
      {"/signatures/0/signature", "00", "signatures[0].signature: not 128 hex digits"},
      {"/signatures/0/signature", std::string(128, 'x'), "signatures[0].signature: not 128"},
      {"/signatures/0/signature", std::string(130, '0'), "signatures[0].signature: 130 bytes"},
  };
  for (const Change& change : changes) {
    const auto signatures = ParseSignatureFile(Apply(good, change).dump());
    ASSERT_FALSE(signatures) << change.pointer << " " << change.value.dump();
    EXPECT_THAT(signatures.error().message, StartsWith(change.says));
  }
}

TEST(SignatureFile, AKeyThatSignsAgainReplacesItsSignature) {
  std::vector<KeySignature> signatures;
  for (const char* text : {"first", "second"}) {
    for (const char* name : {"m1", "m2"}) {
      ASSERT_TRUE(PutSignature(signatures,
                               SignDocument(DocumentKind::kManifest, text, KeyOf(name)).value()));
    }
  }
  ASSERT_EQ(signatures.size(), 2U);
  EXPECT_EQ(signatures[0].key_id, IdOf("m1"));
  EXPECT_EQ(signatures[0].signature,
            SignDocument(DocumentKind::kManifest, "second", KeyOf("m1"))->signature);
  for (size_t i = signatures.size(); i < kMaxSignatures; ++i) {
    ASSERT_TRUE(PutSignature(signatures, {std::to_string(i), {}}));
  }
  const auto full = PutSignature(signatures, {"one more", {}});
  ASSERT_FALSE(full);
  EXPECT_EQ(full.error().code, ErrorCode::kRefused);
}

TEST(TrustState, StartsEmptyAndKeepsWhatItDoesNotKnow) {
  const TrustState empty = ParseTrustState("").value();
  EXPECT_EQ(empty.root_version, 0U);
  EXPECT_EQ(empty.version_floor, "");
  json document = json::parse(FormatTrustState(empty));
  EXPECT_EQ(document["last_verified_time"], "1970-01-01T00:00:00Z");
  document["later"] = {{"key", 1}};
  TrustState state = ParseTrustState(document.dump()).value();
  state = RaiseFloor(state, "1.2").value();
  const json written = json::parse(FormatTrustState(state));
  EXPECT_EQ(written["later"], document["later"]);
  EXPECT_EQ(written["version_floor"], "1.2");
}

TEST(TrustState, EachFieldIsChecked) {
  json good = json::parse(FormatTrustState(AdoptRoot({}, FirstRoot()).value()));
  good["channels"]["stable"] = "2026-01-01T00:00:00Z";
  ASSERT_TRUE(ParseTrustState(good.dump()));
  json many = json::object();
  for (size_t i = 0; i <= kMaxChannels; ++i) many[std::to_string(i)] = "2026-01-01T00:00:00Z";
  const Change changes[] = {
      {"/version", 2, "version: not a whole number from 1 to 1"},
      {"/root_version", -1, "root_version: not a whole number"},
      {"/manifest_keyids/0", 1, "manifest_keyids: not text"},
      {"/version_floor", "x", "version_floor: not a version"},
      {"/channels/stable", "soon", "channels.stable: a time"},
      {"/channels", many, "channels: more than 64"},
      {"/last_verified_time", kMissing, "last_verified_time: missing"},
  };
  for (const Change& change : changes) {
    const auto state = ParseTrustState(Apply(good, change).dump());
    ASSERT_FALSE(state) << change.pointer << " " << change.value.dump();
    EXPECT_EQ(state.error().code, ErrorCode::kCorrupt);
    EXPECT_THAT(state.error().message, StartsWith(change.says));
  }
}

TEST(TrustState, TheFloorOnlyRises) {
  TrustState state = RaiseFloor({}, "1.9").value();
  EXPECT_EQ(RaiseFloor(state, "1.10")->version_floor, "1.10");
  EXPECT_EQ(RaiseFloor(state, "1.8")->version_floor, "1.9");
  EXPECT_EQ(RaiseFloor(state, "1.10~rc1")->version_floor, "1.10~rc1");
  EXPECT_FALSE(RaiseFloor(state, ""));
  EXPECT_FALSE(RaiseFloor(state, "latest"));
}

TEST(TrustState, RemembersABoundedNumberOfChannels) {
  TrustState state;
  Expectation expected = GoodExpectation();
  expected.channel.clear();
  const WallTime start = Time("2026-01-01T00:00:00Z");
  for (size_t i = 0; i <= kMaxChannels; ++i) {
    Manifest manifest = GoodManifest();
    manifest.channel = "channel-" + std::to_string(i);
    manifest.released = start + std::chrono::minutes(i);
    const auto verified =
        VerifyManifest(SignManifest(manifest, {"m1", "m2"}).view(), FirstRoot(), state, expected);
    ASSERT_TRUE(verified) << verified.error().message;
    state = Remember(state, *verified);
  }
  EXPECT_EQ(state.channels.size(), kMaxChannels);
  EXPECT_FALSE(state.channels.contains("channel-0")) << "the one that is silent for longest";
  EXPECT_EQ(ParseTrustState(FormatTrustState(state))->channels, state.channels);
}

}  // namespace
}  // namespace matic::trust
