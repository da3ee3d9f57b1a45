// Certificates, revocation lists and addresses, damaged: read or refused, never a crash.
#include <gtest/gtest.h>

#include "lib/rpc/certificate.h"
#include "lib/rpc/pki.h"
#include "lib/rpc/revocation_list.h"
#include "tests/fakes/broken_text.h"

namespace matic::rpc {
namespace {

constexpr size_t kTexts = 1500;
const WallTime kNow = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());

TEST(BrokenCertificates, OfCallers) {
  const auto authority = MakeAuthority("test authority", kNow);
  const auto leaf = IssueLeaf(*authority, {"alice", Role::kOperator, {}}, kNow);
  for (const std::string& text : fakes::Broken(leaf->certificate_pem, kTexts)) {
    const auto certificate = ParseCertificate(text);
    if (!certificate) {
      EXPECT_LE(certificate.error().message.size(), 400U);
      continue;
    }
    // Damage takes the role or leaves it; the signature is the handshake's to check.
    const auto role = certificate->role();
    if (role) {
      EXPECT_LE(*role, Role::kAdmin);
    }
  }
}

// The signature is looked at here: a list that is damaged must not let anybody in again.
TEST(BrokenCertificates, RevocationListsAreWholeOrRefused) {
  const auto authority = MakeAuthority("test authority", kNow);
  const auto leaf = IssueLeaf(*authority, {"alice", Role::kOperator, {}}, kNow);
  const auto alice = ParseCertificate(leaf->certificate_pem);
  const Revocation entry{alice->serial, kNow};
  const auto good = MakeRevocationList(*authority, std::span(&entry, 1), kNow, Days(30));
  for (const std::string& text : fakes::Broken(*good, kTexts)) {
    const auto list = RevocationList::Parse(text, authority->certificate_pem);
    if (!list) {
      EXPECT_LE(list.error().message.size(), 400U);
      continue;
    }
    EXPECT_TRUE(list->RevokedSince(*alice)) << text.substr(0, 2000);
  }
}

TEST(BrokenCertificates, AuthoritiesOfRevocationLists) {
  const auto authority = MakeAuthority("test authority", kNow);
  const auto list = MakeRevocationList(*authority, {}, kNow, Days(30));
  for (const std::string& text : fakes::Broken(authority->certificate_pem, kTexts)) {
    const auto read = RevocationList::Parse(*list, text);
    if (!read) {
      EXPECT_LE(read.error().message.size(), 400U);
    }
  }
}

TEST(BrokenCertificates, KeysThatFitOrDoNot) {
  const auto authority = MakeAuthority("test authority", kNow);
  for (const std::string& text : fakes::Broken(authority->key_pem, kTexts)) {
    const auto fits = CheckKeyFits(authority->certificate_pem, text);
    if (!fits) {
      EXPECT_LE(fits.error().message.size(), 400U);
    }
  }
}

}  // namespace
}  // namespace matic::rpc
