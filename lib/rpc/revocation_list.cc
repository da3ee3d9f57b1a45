#include "lib/rpc/revocation_list.h"

#include <openssl/pem.h>

#include <algorithm>
#include <array>
#include <cctype>

#include "lib/rpc/openssl.h"

namespace matic::rpc {
namespace {

using UniqueRevoked = std::unique_ptr<X509_REVOKED, OpenSslDeleter<X509_REVOKED_free>>;
using UniqueTime = std::unique_ptr<ASN1_TIME, OpenSslDeleter<ASN1_TIME_free>>;
using UniqueInteger = std::unique_ptr<ASN1_INTEGER, OpenSslDeleter<ASN1_INTEGER_free>>;
using UniqueNumber = std::unique_ptr<BIGNUM, OpenSslDeleter<BN_free>>;

// The digest of the key that signed it; kPermission where it is none of the authorities'.
Result<std::string> SignerOf(X509_CRL* list, const std::vector<UniqueX509>& authorities) {
  // By name alone nothing is decided: a new authority may be called what the old one was.
  for (const UniqueX509& authority : authorities) {
    if (X509_NAME_cmp(X509_get_subject_name(authority.get()), X509_CRL_get_issuer(list)) != 0 ||
        X509_CRL_verify(list, X509_get0_pubkey(authority.get())) != 1) {
      continue;
    }
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned int size = 0;
    if (X509_pubkey_digest(authority.get(), EVP_sha256(), digest.data(), &size) == 1) {
      return std::string(digest.begin(), digest.begin() + size);
    }
  }
  return Fail(OpenSslError(ErrorCode::kPermission, "the revocation list of " +
                                                       NameText(X509_CRL_get_issuer(list)) +
                                                       " is signed by none of our authorities"));
}

// RFC 5280, 5.2: a list with a critical extension that is not understood says less than it seems.
Result<> CheckWhole(const X509_CRL* list) {
  if (X509_CRL_get_ext_by_critical(list, 1, -1) < 0) return {};
  return Fail(ErrorCode::kInvalidArgument,
              "the revocation list of " + NameText(X509_CRL_get_issuer(list)) +
                  " has a critical extension: it may cover a part of the certificates only");
}

UniqueInteger ToInteger(const std::string& hex) {
  constexpr size_t kMaxDigits = 40;  // RFC 5280: 20 bytes
  if (hex.size() > kMaxDigits ||
      !std::ranges::all_of(hex, [](unsigned char c) { return std::isxdigit(c) != 0; })) {
    return nullptr;
  }
  BIGNUM* number = nullptr;
  const int digits = BN_hex2bn(&number, hex.c_str());
  const UniqueNumber owner(number);
  if (hex.empty() || digits != static_cast<int>(hex.size())) return nullptr;
  return UniqueInteger(BN_to_ASN1_INTEGER(number, nullptr));
}

UniqueTime ToTime(WallTime time) {
  return UniqueTime(ASN1_TIME_set(nullptr, std::chrono::system_clock::to_time_t(time)));
}

bool NameIssuer(X509_CRL* list, X509* issuer) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, nullptr, nullptr, list, 0);
  const std::unique_ptr<X509_EXTENSION, OpenSslDeleter<X509_EXTENSION_free>> extension(
      X509V3_EXT_conf_nid(nullptr, &context, NID_authority_key_identifier, "keyid"));
  return X509_CRL_set_issuer_name(list, X509_get_subject_name(issuer)) == 1 && extension &&
         X509_CRL_add_ext(list, extension.get(), -1) == 1;
}

// Empty where it has none. RFC 5280, 5.2.3: it is not negative.
std::string NumberOf(const X509_CRL* list) {
  const UniqueInteger number(
      static_cast<ASN1_INTEGER*>(X509_CRL_get_ext_d2i(list, NID_crl_number, nullptr, nullptr)));
  return number ? SerialText(number.get()) : "";
}

// Of numbers as SerialText writes them.
bool IsLess(const std::string& a, const std::string& b) {
  return a.size() != b.size() ? a.size() < b.size() : a < b;
}

bool IsOlder(const AuthorityRevocations& a, const AuthorityRevocations& b) {
  if (a.number.empty() || b.number.empty()) return a.made < b.made;
  return IsLess(a.number, b.number);
}

Result<AuthorityRevocations> Read(X509_CRL* list) {
  AuthorityRevocations result;
  result.issuer = NameText(X509_CRL_get_issuer(list));
  result.number = NumberOf(list);
  MATIC_ASSIGN(result.made, ToWallTime(X509_CRL_get0_lastUpdate(list)));
  if (const ASN1_TIME* next = X509_CRL_get0_nextUpdate(list)) {
    MATIC_ASSIGN(result.next_update, ToWallTime(next));
  }
  const auto* entries = X509_CRL_get_REVOKED(list);
  for (int i = 0; i < sk_X509_REVOKED_num(entries); ++i) {
    const X509_REVOKED* entry = sk_X509_REVOKED_value(entries, i);
    MATIC_ASSIGN(const WallTime since, ToWallTime(X509_REVOKED_get0_revocationDate(entry)));
    result.since[SerialText(X509_REVOKED_get0_serialNumber(entry))] = since;
  }
  MATIC_ASSIGN(result.pem, ToPem([&](BIO* bio) { return PEM_write_bio_X509_CRL(bio, list); }));
  return result;
}

// Two of one authority in one text count as one list.
void Join(AuthorityRevocations& list, AuthorityRevocations other) {
  list.since.merge(other.since);
  list.pem += other.pem;
  if (IsLess(list.number, other.number)) list.number = other.number;
  list.made = std::max(list.made, other.made);
  if (other.next_update) {
    list.next_update = std::min(*other.next_update, list.next_update.value_or(*other.next_update));
  }
}

// Grows from list to list, whatever the clock does.
bool SetNumber(X509_CRL* list, WallTime now, const std::string& before) {
  BIGNUM* highest = nullptr;
  if (!before.empty()) BN_hex2bn(&highest, before.c_str());
  const UniqueNumber last(highest);
  const UniqueNumber number(BN_new());
  const auto seconds = static_cast<BN_ULONG>(std::chrono::system_clock::to_time_t(now));
  if (!number || BN_set_word(number.get(), seconds) != 1) return false;
  if (last && BN_cmp(number.get(), last.get()) <= 0 &&
      (BN_copy(number.get(), last.get()) == nullptr || BN_add_word(number.get(), 1) != 1)) {
    return false;
  }
  const UniqueInteger written(BN_to_ASN1_INTEGER(number.get(), nullptr));
  return written && X509_CRL_add1_ext_i2d(list, NID_crl_number, written.get(), 0, 0) == 1;
}

Result<> AddEntry(X509_CRL* list, const Revocation& revocation) {
  const UniqueInteger serial = ToInteger(revocation.serial);
  if (!serial) {
    return Fail(ErrorCode::kInvalidArgument,
                "'" + revocation.serial + "' is no serial number: hexadecimal digits are expected");
  }
  UniqueRevoked entry(X509_REVOKED_new());
  const UniqueTime since = ToTime(revocation.since);
  if (!entry || !since || X509_REVOKED_set_serialNumber(entry.get(), serial.get()) != 1 ||
      X509_REVOKED_set_revocationDate(entry.get(), since.get()) != 1 ||
      X509_CRL_add0_revoked(list, entry.get()) != 1) {
    return Fail(OpenSslError(ErrorCode::kInternal, "making a revocation list"));
  }
  (void)entry.release();  // the list's now
  return {};
}

}  // namespace

Result<RevocationList> RevocationList::ParseAll(const std::string& pem, const std::string& ca_pem,
                                                bool pass_over_others) {
  MATIC_ASSIGN(const auto authorities, ReadCertificates(ca_pem));
  MATIC_ASSIGN(const auto lists, ReadCrls(pem));
  RevocationList result;
  for (const UniqueCrl& list : lists) {
    const auto signer = SignerOf(list.get(), authorities);
    if (!signer && pass_over_others) continue;
    if (!signer) return Fail(signer.error());
    MATIC_TRY(CheckWhole(list.get()));
    MATIC_ASSIGN(AuthorityRevocations read, Read(list.get()));
    const auto [known, added] = result.lists_.try_emplace(*signer, read);
    if (!added) Join(known->second, std::move(read));
  }
  return result;
}

Result<RevocationList> RevocationList::Parse(const std::string& pem, const std::string& ca_pem) {
  return ParseAll(pem, ca_pem, /*pass_over_others=*/false);
}

Result<RevocationList> RevocationList::ParseOurs(const std::string& pem,
                                                 const std::string& ca_pem) {
  return ParseAll(pem, ca_pem, /*pass_over_others=*/true);
}

RevocationList RevocationList::NewerThan(const RevocationList& before,
                                         std::vector<std::string>& held) const {
  RevocationList newest = *this;
  for (const auto& [key, list] : before.lists_) {
    const auto here = lists_.find(key);
    if (here != lists_.end() && !IsOlder(here->second, list)) continue;
    held.push_back("the revocation list of " + list.issuer + " is " +
                   (here == lists_.end() ? "missing" : "of " + FormatTime(here->second.made)) +
                   "; the one of " + FormatTime(list.made) + " stays in force");
    newest.lists_[key] = list;
  }
  return newest;
}

std::optional<WallTime> RevocationList::RevokedSince(const CertificateInfo& certificate) const {
  for (const auto& [key, list] : lists_) {
    if (list.issuer != certificate.issuer) continue;
    const auto found = list.since.find(certificate.serial);
    if (found != list.since.end()) return found->second;
  }
  return std::nullopt;
}

std::optional<WallTime> RevocationList::next_update() const {
  std::optional<WallTime> first;
  for (const auto& [key, list] : lists_) {
    if (list.next_update) first = std::min(*list.next_update, first.value_or(*list.next_update));
  }
  return first;
}

std::vector<Revocation> RevocationList::entries() const {
  std::vector<Revocation> entries;
  for (const auto& [key, list] : lists_) {
    for (const auto& [serial, since] : list.since) entries.push_back({serial, since});
  }
  return entries;
}

std::string RevocationList::pem() const {
  std::string text;
  for (const auto& [key, list] : lists_) text += list.pem;
  return text;
}

std::string RevocationList::number() const {
  std::string highest;
  for (const auto& [key, list] : lists_) {
    if (IsLess(highest, list.number)) highest = list.number;
  }
  return highest;
}

Result<std::string> MakeRevocationList(const KeyPair& authority,
                                       std::span<const Revocation> revoked, WallTime now,
                                       Days lifetime, const RevocationList& before) {
  MATIC_TRY(CheckKeyFits(authority.certificate_pem, authority.key_pem));
  MATIC_ASSIGN(const UniqueX509 issuer, ReadCertificate(authority.certificate_pem));
  MATIC_ASSIGN(const UniqueKey key, ReadKey(authority.key_pem));
  const UniqueCrl list(X509_CRL_new());
  const UniqueTime made = ToTime(now);
  const UniqueTime next = ToTime(now + lifetime);
  if (!list || !made || !next || X509_CRL_set_version(list.get(), X509_CRL_VERSION_2) != 1 ||
      X509_CRL_set1_lastUpdate(list.get(), made.get()) != 1 ||
      X509_CRL_set1_nextUpdate(list.get(), next.get()) != 1 ||
      !NameIssuer(list.get(), issuer.get()) || !SetNumber(list.get(), now, before.number())) {
    return Fail(OpenSslError(ErrorCode::kInternal, "making a revocation list"));
  }
  for (const Revocation& revocation : revoked) MATIC_TRY(AddEntry(list.get(), revocation));
  if (X509_CRL_sort(list.get()) != 1 || X509_CRL_sign(list.get(), key.get(), EVP_sha256()) == 0) {
    return Fail(OpenSslError(ErrorCode::kInternal, "signing a revocation list"));
  }
  return ToPem([&](BIO* bio) { return PEM_write_bio_X509_CRL(bio, list.get()); });
}

}  // namespace matic::rpc
