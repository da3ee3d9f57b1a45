#include "lib/rpc/pki.h"

#include <gtest/gtest.h>
#include <openssl/x509.h>
#include <sys/stat.h>

#include "lib/rpc/certificate.h"
#include "lib/rpc/openssl.h"
#include "lib/rpc/tls_files.h"
#include "tests/unit/lib/os/temporary_folder.h"

namespace matic::rpc {
namespace {

namespace fs = std::filesystem;

const WallTime kNow = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());

KeyPair Authority(const std::string& name = "test authority", WallTime now = kNow) {
  auto authority = MakeAuthority(name, now);
  EXPECT_TRUE(authority) << authority.error().message;
  return *authority;
}

LeafRequest Server() { return {"edge-7", std::nullopt, {"edge-7.example.com", "10.0.0.7", "::1"}}; }
LeafRequest Operator() { return {"alice", Role::kOperator, {}}; }

// What a TLS library asks of a peer's certificate.
bool Verifies(const KeyPair& authority, const KeyPair& leaf, int purpose) {
  std::unique_ptr<X509_STORE, OpenSslDeleter<X509_STORE_free>> store(X509_STORE_new());
  std::unique_ptr<X509_STORE_CTX, OpenSslDeleter<X509_STORE_CTX_free>> context(
      X509_STORE_CTX_new());
  auto ca = ReadCertificate(authority.certificate_pem);
  auto certificate = ReadCertificate(leaf.certificate_pem);
  X509_STORE_add_cert(store.get(), ca->get());
  X509_STORE_CTX_init(context.get(), store.get(), certificate->get(), nullptr);
  X509_STORE_CTX_set_purpose(context.get(), purpose);
  return X509_verify_cert(context.get()) == 1;
}

class PkiFilesTest : public testing::Test {
 protected:
  static mode_t Mode(const fs::path& path) {
    struct stat info {};
    EXPECT_EQ(::stat(path.c_str(), &info), 0) << path;
    return info.st_mode & 0777;
  }

  const TemporaryFolder temporary_;
  const fs::path folder_ = temporary_.path();
};

TEST(PkiTest, AServersCertificateServesAndNothingElse) {
  const KeyPair authority = Authority();
  const auto leaf = IssueLeaf(authority, Server(), kNow);
  ASSERT_TRUE(leaf) << leaf.error().message;
  EXPECT_TRUE(Verifies(authority, *leaf, X509_PURPOSE_SSL_SERVER));
  EXPECT_FALSE(Verifies(authority, *leaf, X509_PURPOSE_SSL_CLIENT));
  auto certificate = ReadCertificate(leaf->certificate_pem);
  EXPECT_EQ(X509_check_host(certificate->get(), "edge-7.example.com", 0, 0, nullptr), 1);
  EXPECT_EQ(X509_check_ip_asc(certificate->get(), "10.0.0.7", 0), 1);
  EXPECT_EQ(X509_check_ip_asc(certificate->get(), "::1", 0), 1);
  EXPECT_EQ(X509_check_host(certificate->get(), "edge-8.example.com", 0, 0, nullptr), 0);
}

TEST(PkiTest, AClientsCertificateCarriesItsRole) {
  const KeyPair authority = Authority();
  for (Role role : {Role::kReader, Role::kOperator, Role::kAdmin}) {
    const auto leaf = IssueLeaf(authority, {"alice", role, {}}, kNow);
    ASSERT_TRUE(leaf) << leaf.error().message;
    EXPECT_TRUE(Verifies(authority, *leaf, X509_PURPOSE_SSL_CLIENT));
    EXPECT_FALSE(Verifies(authority, *leaf, X509_PURPOSE_SSL_SERVER));
    const auto info = ParseCertificate(leaf->certificate_pem);
    ASSERT_TRUE(info);
    EXPECT_EQ(info->role(), role);
    EXPECT_EQ(info->common_name, "alice");
    EXPECT_EQ(info->not_after, kNow + kLeafLifetime);
  }
}

TEST(PkiTest, ACertificateWithNoRoleOrTwoGivesNone) {
  CertificateInfo info;
  EXPECT_EQ(info.role(), std::nullopt);
  info.uris = {"https://example.com", "urn:matic:role:reader"};
  EXPECT_EQ(info.role(), Role::kReader);
  info.uris = {"urn:matic:role:reader", "urn:matic:role:admin"};
  EXPECT_EQ(info.role(), std::nullopt);
  info.uris = {"urn:matic:role:root"};
  EXPECT_EQ(info.role(), std::nullopt);
}

TEST(PkiTest, AnotherAuthorityIsNotTrusted) {
  const auto leaf = IssueLeaf(Authority("one"), Operator(), kNow);
  ASSERT_TRUE(leaf);
  EXPECT_FALSE(Verifies(Authority("two"), *leaf, X509_PURPOSE_SSL_CLIENT));
}

TEST(PkiTest, NoLeafOutlivesItsAuthority) {
  const KeyPair authority = Authority("old", kNow - kAuthorityLifetime + Days(10));
  const auto leaf = IssueLeaf(authority, Operator(), kNow);
  ASSERT_TRUE(leaf);
  EXPECT_EQ(ParseCertificate(leaf->certificate_pem)->not_after, kNow + Days(10));
  const auto too_late = IssueLeaf(authority, Operator(), kNow + Days(11));
  ASSERT_FALSE(too_late);
  EXPECT_EQ(too_late.error().code, ErrorCode::kInvalidArgument);
}

TEST(PkiTest, RefusesRequestsThatCannotBeRight) {
  const KeyPair authority = Authority();
  const LeafRequest wrong[] = {
      {"", Role::kReader, {}},
      {std::string(65, 'x'), Role::kReader, {}},
      {"a\nb", Role::kReader, {}},
      {"node", std::nullopt, {}},
      {"node", std::nullopt, {"host,URI:urn:matic:role:admin"}},
      {"node", std::nullopt, {"two words"}},
      {"alice", Role::kAdmin, {"host"}},
      {"alice", Role::kAdmin, {}, Days(0)},
  };
  for (const LeafRequest& request : wrong) {
    const auto leaf = IssueLeaf(authority, request, kNow);
    ASSERT_FALSE(leaf) << request.name;
    EXPECT_EQ(leaf.error().code, ErrorCode::kInvalidArgument) << leaf.error().message;
  }
}

TEST_F(PkiFilesTest, KeysAreSecretAndNothingIsReplacedUnasked) {
  const KeyPair authority = Authority();
  ASSERT_TRUE(WriteAuthority(folder_ / "ca", authority, false));
  EXPECT_EQ(Mode(folder_ / "ca/ca.key"), 0600u);
  const auto again = WriteAuthority(folder_ / "ca", Authority(), false);
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, ErrorCode::kRefused);
  const auto forced = WriteAuthority(folder_ / "ca", Authority(), true);
  ASSERT_FALSE(forced);
  EXPECT_EQ(forced.error().code, ErrorCode::kRefused);
  EXPECT_NE(forced.error().message.find("a key that signs is never replaced"), std::string::npos);
  EXPECT_EQ(ReadAuthority(folder_ / "ca")->key_pem, authority.key_pem);

  const auto leaf = IssueLeaf(authority, Server(), kNow);
  ASSERT_TRUE(WriteLeaf(folder_ / "node", authority.certificate_pem, *leaf, true, false));
  EXPECT_EQ(Mode(folder_ / "node/server.key"), 0600u);
  const auto twice = WriteLeaf(folder_ / "node", authority.certificate_pem, *leaf, true, false);
  ASSERT_FALSE(twice);
  EXPECT_EQ(twice.error().code, ErrorCode::kRefused);
  EXPECT_TRUE(WriteLeaf(folder_ / "node", authority.certificate_pem, *leaf, true, true));

  // A client's pair may join a server's, but not under another authority.
  const auto client = IssueLeaf(authority, Operator(), kNow);
  EXPECT_TRUE(WriteLeaf(folder_ / "node", authority.certificate_pem, *client, false, false));
  const KeyPair other = Authority("other");
  ASSERT_TRUE(WriteLeaf(folder_ / "mixed", authority.certificate_pem, *leaf, true, false));
  const auto mixed = WriteLeaf(folder_ / "mixed", other.certificate_pem,
                               *IssueLeaf(other, Operator(), kNow), false, false);
  ASSERT_FALSE(mixed);
  EXPECT_EQ(mixed.error().code, ErrorCode::kRefused);
}

TEST_F(PkiFilesTest, AKeyThatEverybodyMayReadIsNotUsed) {
  const KeyPair authority = Authority();
  ASSERT_TRUE(WriteAuthority(folder_, authority, false));
  ASSERT_TRUE(WriteLeaf(folder_, authority.certificate_pem, *IssueLeaf(authority, Operator(), kNow),
                        false, false));
  fs::permissions(folder_ / "ca.key", fs::perms(0666));
  fs::permissions(folder_ / "client.key", fs::perms(0644));
  const auto signs = ReadAuthority(folder_);
  ASSERT_FALSE(signs);
  EXPECT_EQ(signs.error().code, ErrorCode::kPermission);
  EXPECT_NE(signs.error().message.find("its mode is 0666); chmod 600 "), std::string::npos);
  const auto client = LoadTlsFiles(folder_, Side::kClient);
  ASSERT_FALSE(client);
  EXPECT_EQ(client.error().code, ErrorCode::kPermission);
  EXPECT_NE(client.error().message.find("client.key"), std::string::npos);
  fs::permissions(folder_ / "client.key", fs::perms(0640));
  EXPECT_TRUE(LoadTlsFiles(folder_, Side::kClient)) << "its group may be trusted";
}

TEST_F(PkiFilesTest, WhatIsWrongWithAFileIsSaidByItsName) {
  const KeyPair authority = Authority();
  const auto leaf = IssueLeaf(authority, Server(), kNow);
  const auto missing = LoadTlsFiles(folder_, Side::kServer);
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, ErrorCode::kNotFound);
  EXPECT_NE(missing.error().message.find("ca.pem"), std::string::npos);

  KeyPair wrong_key = *leaf;
  wrong_key.key_pem = authority.key_pem;
  ASSERT_TRUE(WriteLeaf(folder_, authority.certificate_pem, wrong_key, true, false));
  const auto mismatch = LoadTlsFiles(folder_, Side::kServer);
  ASSERT_FALSE(mismatch);
  EXPECT_EQ(mismatch.error().code, ErrorCode::kInvalidArgument);
  EXPECT_NE(mismatch.error().message.find("server.key"), std::string::npos);

  ASSERT_TRUE(WriteLeaf(folder_, "no certificate", *leaf, true, true));
  const auto corrupt = LoadTlsFiles(folder_, Side::kServer);
  ASSERT_FALSE(corrupt);
  EXPECT_EQ(corrupt.error().code, ErrorCode::kCorrupt);
  EXPECT_NE(corrupt.error().message.find("ca.pem"), std::string::npos);

  ASSERT_TRUE(WriteLeaf(folder_, authority.certificate_pem, *leaf, true, true));
  const auto files = LoadTlsFiles(folder_, Side::kServer);
  ASSERT_TRUE(files) << files.error().message;
  EXPECT_EQ(files->certificate.common_name, "edge-7");
}

}  // namespace
}  // namespace matic::rpc
