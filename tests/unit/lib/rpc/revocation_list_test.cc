#include "lib/rpc/revocation_list.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "lib/rpc/openssl.h"

namespace matic::rpc {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

const WallTime kNow = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());

class RevocationListTest : public testing::Test {
 protected:
  static KeyPair Authority(const std::string& name = "test authority") {
    return *MakeAuthority(name, kNow);
  }
  static CertificateInfo Issue(const KeyPair& authority, const std::string& name) {
    return *ParseCertificate(IssueLeaf(authority, {name, Role::kAdmin, {}}, kNow)->certificate_pem);
  }
  static std::string List(const KeyPair& authority, const std::vector<Revocation>& revoked,
                          WallTime now = kNow) {
    auto list = MakeRevocationList(authority, revoked, now, Days(30));
    EXPECT_TRUE(list) << list.error().message;
    return list.value_or("");
  }
  static RevocationList Parsed(const std::string& pem, const std::string& ca_pem) {
    auto list = RevocationList::Parse(pem, ca_pem);
    EXPECT_TRUE(list) << list.error().message;
    return list.value_or(RevocationList());
  }

  const KeyPair authority_ = Authority();
  const CertificateInfo alice_ = Issue(authority_, "alice");
  const CertificateInfo bob_ = Issue(authority_, "bob");
};

TEST_F(RevocationListTest, SaysWhoIsOnItAndSinceWhen) {
  const WallTime yesterday = kNow - Days(1);
  const auto list = RevocationList::Parse(List(authority_, {{alice_.serial, yesterday}}),
                                          authority_.certificate_pem);
  ASSERT_TRUE(list) << list.error().message;
  EXPECT_EQ(list->RevokedSince(alice_), yesterday);
  EXPECT_EQ(list->RevokedSince(bob_), std::nullopt);
  EXPECT_EQ(list->next_update(), kNow + Days(30));
  EXPECT_THAT(list->entries(), SizeIs(1));
}

TEST_F(RevocationListTest, NobodyIsOnAnEmptyOne) {
  const auto list = RevocationList::Parse(List(authority_, {}), authority_.certificate_pem);
  ASSERT_TRUE(list) << list.error().message;
  EXPECT_EQ(list->RevokedSince(alice_), std::nullopt);
  EXPECT_EQ(RevocationList().RevokedSince(alice_), std::nullopt);
  EXPECT_EQ(RevocationList().next_update(), std::nullopt);
}

TEST_F(RevocationListTest, AListThatSomebodyElseSignedIsRefused) {
  // Of the same name: only the key tells them apart.
  const KeyPair stranger = Authority();
  const auto list = RevocationList::Parse(List(stranger, {}), authority_.certificate_pem);
  ASSERT_FALSE(list);
  EXPECT_EQ(list.error().code, ErrorCode::kPermission);
  EXPECT_THAT(list.error().message, HasSubstr("signed by none of our authorities"));
}

TEST_F(RevocationListTest, AnEntryCountsForItsOwnAuthorityOnly) {
  const KeyPair other = Authority("other authority");
  const std::string both = authority_.certificate_pem + other.certificate_pem;
  const auto list = RevocationList::Parse(List(other, {{alice_.serial, kNow}}), both);
  ASSERT_TRUE(list) << list.error().message;
  EXPECT_EQ(list->RevokedSince(alice_), std::nullopt);
}

TEST_F(RevocationListTest, TheListsOfSeveralAuthoritiesStandInOneFile) {
  const KeyPair other = Authority("other authority");
  const CertificateInfo carol = Issue(other, "carol");
  const auto list = RevocationList::Parse(
      List(authority_, {{alice_.serial, kNow}}) + List(other, {{carol.serial, kNow}}),
      authority_.certificate_pem + other.certificate_pem);
  ASSERT_TRUE(list) << list.error().message;
  EXPECT_NE(list->RevokedSince(alice_), std::nullopt);
  EXPECT_NE(list->RevokedSince(carol), std::nullopt);
  EXPECT_EQ(list->RevokedSince(bob_), std::nullopt);
}

TEST_F(RevocationListTest, TheNewestOfEachAuthorityCounts) {
  const KeyPair other = Authority("other authority");
  const CertificateInfo carol = Issue(other, "carol");
  const std::string both = authority_.certificate_pem + other.certificate_pem;
  const auto before = Parsed(List(authority_, {{alice_.serial, kNow}}) + List(other, {}), both);
  std::vector<std::string> held;

  EXPECT_THAT(RevocationList().NewerThan(RevocationList(), held).entries(), IsEmpty());
  EXPECT_EQ(before.NewerThan(before, held).pem(), before.pem());
  EXPECT_THAT(held, IsEmpty());

  const auto missing = RevocationList().NewerThan(before, held);
  EXPECT_NE(missing.RevokedSince(alice_), std::nullopt);
  EXPECT_THAT(held, SizeIs(2));
  held.clear();

  // Older of one, newer of the other, which withdraws nobody any more.
  const auto now = Parsed(
      List(authority_, {}, kNow + Days(1)) + List(other, {{carol.serial, kNow}}, kNow - Days(1)),
      both);
  const auto newest = now.NewerThan(before, held);
  EXPECT_EQ(newest.RevokedSince(alice_), std::nullopt);
  EXPECT_EQ(newest.RevokedSince(carol), std::nullopt);
  ASSERT_THAT(held, SizeIs(1));
  EXPECT_THAT(held[0], testing::AllOf(HasSubstr("other authority"), HasSubstr("stays in force")));
}

TEST_F(RevocationListTest, IsReadAgainAsItIsWritten) {
  const KeyPair other = Authority("other authority");
  const std::string both = authority_.certificate_pem + other.certificate_pem;
  const auto list =
      Parsed(List(authority_, {{alice_.serial, kNow}}) +
                 List(authority_, {{bob_.serial, kNow}}, kNow + Days(1)) + List(other, {}),
             both);
  EXPECT_THAT(list.entries(), SizeIs(2));
  const auto again = Parsed(list.pem(), both);
  EXPECT_EQ(again.pem(), list.pem());
  EXPECT_EQ(again.number(), list.number());

  const auto ours = RevocationList::ParseOurs(list.pem(), other.certificate_pem);
  ASSERT_TRUE(ours) << ours.error().message;
  EXPECT_THAT(ours->entries(), IsEmpty());
  EXPECT_FALSE(ours->empty());
  EXPECT_TRUE(RevocationList::ParseOurs(list.pem(), Authority().certificate_pem)->empty());
}

TEST_F(RevocationListTest, ItsNumberGrowsWhereTheClockWentBack) {
  const auto before = Parsed(List(authority_, {}), authority_.certificate_pem);
  const auto pem = MakeRevocationList(authority_, {}, kNow - Days(500), Days(1000), before);
  ASSERT_TRUE(pem) << pem.error().message;
  const auto after = Parsed(*pem, authority_.certificate_pem);
  EXPECT_EQ(std::stoull(after.number(), nullptr, 16),
            std::stoull(before.number(), nullptr, 16) + 1);
  std::vector<std::string> held;
  after.NewerThan(before, held);
  EXPECT_THAT(held, IsEmpty());
}

TEST_F(RevocationListTest, WhatIsNoListIsRefused) {
  const std::string good = List(authority_, {{alice_.serial, kNow}});
  std::string damaged = good;
  damaged[good.size() / 2] ^= 1;
  for (const std::string& bad :
       {std::string(), std::string("nonsense"), good.substr(0, good.size() / 2),
        authority_.certificate_pem, damaged, good + good.substr(0, good.size() / 2)}) {
    const auto list = RevocationList::Parse(bad, authority_.certificate_pem);
    EXPECT_FALSE(list) << bad;
  }
  EXPECT_FALSE(RevocationList::Parse(good, "nonsense"));
}

TEST_F(RevocationListTest, AListOfAPartIsNotTakenForTheWhole) {
  const UniqueCrl list = std::move(ReadCrls(List(authority_, {}))->front());
  const std::unique_ptr<X509_EXTENSION, OpenSslDeleter<X509_EXTENSION_free>> part(
      X509V3_EXT_conf_nid(nullptr, nullptr, NID_issuing_distribution_point,
                          "critical,onlyuser:TRUE"));
  ASSERT_TRUE(part);
  ASSERT_EQ(X509_CRL_add_ext(list.get(), part.get(), -1), 1);
  ASSERT_GT(X509_CRL_sign(list.get(), ReadKey(authority_.key_pem)->get(), EVP_sha256()), 0);
  const auto pem = ToPem([&](BIO* bio) { return PEM_write_bio_X509_CRL(bio, list.get()); });
  const auto parsed = RevocationList::Parse(*pem, authority_.certificate_pem);
  ASSERT_FALSE(parsed);
  EXPECT_EQ(parsed.error().code, ErrorCode::kInvalidArgument);
}

TEST_F(RevocationListTest, ASerialNumberIsHexadecimal) {
  for (const char* bad : {"", "xyz", "-1", "0x1f", "12 34"}) {
    const Revocation entry{bad, kNow};
    EXPECT_FALSE(MakeRevocationList(authority_, std::span(&entry, 1), kNow, Days(1))) << bad;
  }
  const Revocation too_long{std::string(42, 'a'), kNow};
  EXPECT_FALSE(MakeRevocationList(authority_, std::span(&too_long, 1), kNow, Days(1)));
}

TEST_F(RevocationListTest, IsMadeByTheAuthorityOnly) {
  const KeyPair mixed{authority_.certificate_pem, Authority().key_pem};
  EXPECT_FALSE(MakeRevocationList(mixed, {}, kNow, Days(1)));
}

}  // namespace
}  // namespace matic::rpc
