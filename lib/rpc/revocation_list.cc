#include "lib/rpc/revocation_list.h"

#include <openssl/pem.h>

#include <algorithm>
#include <cctype>

#include "lib/rpc/openssl.h"

namespace matic::rpc {
namespace {

using UniqueRevoked = std::unique_ptr<X509_REVOKED, OpenSslDeleter<X509_REVOKED_free>>;
using UniqueTime = std::unique_ptr<ASN1_TIME, OpenSslDeleter<ASN1_TIME_free>>;
using UniqueInteger = std::unique_ptr<ASN1_INTEGER, OpenSslDeleter<ASN1_INTEGER_free>>;
using UniqueNumber = std::unique_ptr<BIGNUM, OpenSslDeleter<BN_free>>;

Result<> CheckSignature(X509_CRL* list, const std::vector<UniqueX509>& authorities) {
  // By name alone nothing is decided: a new authority may be called what the old one was.
  for (const UniqueX509& authority : authorities) {
    if (X509_NAME_cmp(X509_get_subject_name(authority.get()), X509_CRL_get_issuer(list)) == 0 &&
        X509_CRL_verify(list, X509_get0_pubkey(authority.get())) == 1) {
      return {};
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

// Grows from list to list.
bool SetNumber(X509_CRL* list, WallTime now) {
  const UniqueInteger number(ASN1_INTEGER_new());
  return number &&
         ASN1_INTEGER_set_int64(number.get(), std::chrono::system_clock::to_time_t(now)) == 1 &&
         X509_CRL_add1_ext_i2d(list, NID_crl_number, number.get(), 0, 0) == 1;
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

Result<RevocationList> RevocationList::Parse(const std::string& pem, const std::string& ca_pem) {
  MATIC_ASSIGN(const auto authorities, ReadCertificates(ca_pem));
  MATIC_ASSIGN(const auto lists, ReadCrls(pem));
  RevocationList result;
  for (const UniqueCrl& list : lists) {
    MATIC_TRY(CheckSignature(list.get(), authorities));
    MATIC_TRY(CheckWhole(list.get()));
    const std::string issuer = NameText(X509_CRL_get_issuer(list.get()));
    if (const ASN1_TIME* next = X509_CRL_get0_nextUpdate(list.get())) {
      MATIC_ASSIGN(const WallTime time, ToWallTime(next));
      result.next_update_ = std::min(time, result.next_update_.value_or(time));
    }
    const auto* entries = X509_CRL_get_REVOKED(list.get());
    for (int i = 0; i < sk_X509_REVOKED_num(entries); ++i) {
      const X509_REVOKED* entry = sk_X509_REVOKED_value(entries, i);
      MATIC_ASSIGN(const WallTime since, ToWallTime(X509_REVOKED_get0_revocationDate(entry)));
      result.revoked_[{issuer, SerialText(X509_REVOKED_get0_serialNumber(entry))}] = since;
    }
  }
  return result;
}

std::optional<WallTime> RevocationList::RevokedSince(const CertificateInfo& certificate) const {
  const auto found = revoked_.find({certificate.issuer, certificate.serial});
  if (found == revoked_.end()) return std::nullopt;
  return found->second;
}

std::vector<Revocation> RevocationList::entries() const {
  std::vector<Revocation> entries;
  for (const auto& [name, since] : revoked_) entries.push_back({name.second, since});
  return entries;
}

Result<std::string> MakeRevocationList(const KeyPair& authority,
                                       std::span<const Revocation> revoked, WallTime now,
                                       Days lifetime) {
  MATIC_TRY(CheckKeyFits(authority.certificate_pem, authority.key_pem));
  MATIC_ASSIGN(const UniqueX509 issuer, ReadCertificate(authority.certificate_pem));
  MATIC_ASSIGN(const UniqueKey key, ReadKey(authority.key_pem));
  const UniqueCrl list(X509_CRL_new());
  const UniqueTime made = ToTime(now);
  const UniqueTime next = ToTime(now + lifetime);
  if (!list || !made || !next || X509_CRL_set_version(list.get(), X509_CRL_VERSION_2) != 1 ||
      X509_CRL_set1_lastUpdate(list.get(), made.get()) != 1 ||
      X509_CRL_set1_nextUpdate(list.get(), next.get()) != 1 ||
      !NameIssuer(list.get(), issuer.get()) || !SetNumber(list.get(), now)) {
    return Fail(OpenSslError(ErrorCode::kInternal, "making a revocation list"));
  }
  for (const Revocation& revocation : revoked) MATIC_TRY(AddEntry(list.get(), revocation));
  if (X509_CRL_sort(list.get()) != 1 || X509_CRL_sign(list.get(), key.get(), EVP_sha256()) == 0) {
    return Fail(OpenSslError(ErrorCode::kInternal, "signing a revocation list"));
  }
  return ToPem([&](BIO* bio) { return PEM_write_bio_X509_CRL(bio, list.get()); });
}

}  // namespace matic::rpc
