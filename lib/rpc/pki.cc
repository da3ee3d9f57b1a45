#include "lib/rpc/pki.h"

#include <arpa/inet.h>
#include <openssl/pem.h>
#include <openssl/rand.h>

#include <algorithm>
#include <array>

#include "lib/rpc/certificate.h"
#include "lib/rpc/openssl.h"

namespace matic::rpc {
namespace {

constexpr std::chrono::hours kClockSkew{1};
constexpr size_t kMaxNameBytes = 64;  // ub-common-name of RFC 5280
constexpr Days kMaxLifetime{36500};

Result<> CheckName(const std::string& name) {
  const bool printable = std::ranges::none_of(
      name, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
  if (name.empty() || name.size() > kMaxNameBytes || !printable) {
    return Fail(ErrorCode::kInvalidArgument,
                "a certificate's name has 1 to 64 bytes and no control characters; '" + name +
                    "' does not fit");
  }
  return {};
}

bool IsIpAddress(const std::string& host) {
  std::array<unsigned char, sizeof(in6_addr)> address;
  return inet_pton(AF_INET, host.c_str(), address.data()) == 1 ||
         inet_pton(AF_INET6, host.c_str(), address.data()) == 1;
}

// A comma or a line break would start another name in OpenSSL's notation of extensions.
Result<> CheckHost(const std::string& host) {
  const bool fits = std::ranges::all_of(host, [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' ||
           c == '.' || c == '*' || c == '_';
  });
  if (host.empty() || host.size() > 253 || (!fits && !IsIpAddress(host))) {
    return Fail(ErrorCode::kInvalidArgument,
                "'" + host + "' is neither a host name nor an IP address");
  }
  return {};
}

bool SetRandomSerial(X509* certificate) {
  std::array<unsigned char, 16> bytes;
  if (RAND_bytes(bytes.data(), bytes.size()) != 1) return false;
  bytes[0] &= 0x7f;  // RFC 5280: positive
  std::unique_ptr<BIGNUM, OpenSslDeleter<BN_free>> number(
      BN_bin2bn(bytes.data(), bytes.size(), nullptr));
  return number && BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate)) != nullptr;
}

bool SetTimes(X509* certificate, WallTime from, WallTime until) {
  using std::chrono::system_clock;
  return ASN1_TIME_set(X509_getm_notBefore(certificate), system_clock::to_time_t(from)) &&
         ASN1_TIME_set(X509_getm_notAfter(certificate), system_clock::to_time_t(until));
}

bool SetSubject(X509* certificate, const std::string& name) {
  return X509_NAME_add_entry_by_NID(X509_get_subject_name(certificate), NID_commonName,
                                    MBSTRING_UTF8,
                                    reinterpret_cast<const unsigned char*>(name.data()),
                                    static_cast<int>(name.size()), -1, 0) == 1;
}

bool AddExtension(X509* certificate, X509* issuer, int nid, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  std::unique_ptr<X509_EXTENSION, OpenSslDeleter<X509_EXTENSION_free>> extension(
      X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str()));
  return extension && X509_add_ext(certificate, extension.get(), -1) == 1;
}

struct Draft {
  UniqueX509 certificate;
  UniqueKey key;
};

// A certificate with a new key, serial and subject; not signed yet.
Result<Draft> NewDraft(const std::string& name, WallTime from, WallTime until) {
  Draft draft{UniqueX509(X509_new()), UniqueKey(EVP_EC_gen("P-256"))};
  X509* certificate = draft.certificate.get();
  if (certificate == nullptr || !draft.key || X509_set_version(certificate, X509_VERSION_3) != 1 ||
      !SetRandomSerial(certificate) || !SetTimes(certificate, from, until) ||
      !SetSubject(certificate, name) || X509_set_pubkey(certificate, draft.key.get()) != 1) {
    return Fail(OpenSslError(ErrorCode::kInternal, "making a certificate"));
  }
  return draft;
}

Result<KeyPair> Sign(const Draft& draft, EVP_PKEY* signer) {
  if (X509_sign(draft.certificate.get(), signer, EVP_sha256()) == 0) {
    return Fail(OpenSslError(ErrorCode::kInternal, "signing a certificate"));
  }
  KeyPair pair;
  MATIC_ASSIGN(pair.certificate_pem,
               ToPem([&](BIO* bio) { return PEM_write_bio_X509(bio, draft.certificate.get()); }));
  MATIC_ASSIGN(pair.key_pem, ToPem([&](BIO* bio) {
                 return PEM_write_bio_PKCS8PrivateKey(bio, draft.key.get(), nullptr, nullptr, 0,
                                                      nullptr, nullptr);
               }));
  return pair;
}

Result<> CheckRequest(const LeafRequest& request) {
  MATIC_TRY(CheckName(request.name));
  if (!request.role && request.hosts.empty()) {
    return Fail(ErrorCode::kInvalidArgument,
                "a server's certificate needs the host names and IP addresses it is reached by");
  }
  if (request.role && !request.hosts.empty()) {
    return Fail(ErrorCode::kInvalidArgument, "a client's certificate has no host names");
  }
  for (const std::string& host : request.hosts) MATIC_TRY(CheckHost(host));
  if (request.lifetime <= Days{0} || request.lifetime > kMaxLifetime) {
    return Fail(ErrorCode::kInvalidArgument, "a certificate lasts 1 to 36500 days");
  }
  return {};
}

std::string AlternativeNames(const LeafRequest& request) {
  if (request.role) {
    return "URI:" + std::string(kRoleUriPrefix) + std::string(RoleName(*request.role));
  }
  std::string names;
  for (const std::string& host : request.hosts) {
    if (!names.empty()) names += ",";
    names += (IsIpAddress(host) ? "IP:" : "DNS:") + host;
  }
  return names;
}

}  // namespace

Result<KeyPair> MakeAuthority(const std::string& name, WallTime now) {
  MATIC_TRY(CheckName(name));
  MATIC_ASSIGN(Draft draft, NewDraft(name, now - kClockSkew, now + kAuthorityLifetime));
  X509* certificate = draft.certificate.get();
  if (X509_set_issuer_name(certificate, X509_get_subject_name(certificate)) != 1 ||
      !AddExtension(certificate, certificate, NID_basic_constraints,
                    "critical,CA:TRUE,pathlen:0") ||
      !AddExtension(certificate, certificate, NID_key_usage, "critical,keyCertSign,cRLSign") ||
      !AddExtension(certificate, certificate, NID_subject_key_identifier, "hash")) {
    return Fail(OpenSslError(ErrorCode::kInternal, "making an authority"));
  }
  return Sign(draft, draft.key.get());
}

Result<KeyPair> IssueLeaf(const KeyPair& authority, const LeafRequest& request, WallTime now) {
  MATIC_TRY(CheckRequest(request));
  MATIC_TRY(CheckKeyFits(authority.certificate_pem, authority.key_pem));
  MATIC_ASSIGN(const CertificateInfo info, ParseCertificate(authority.certificate_pem));
  if (info.not_after <= now) {
    return Fail(ErrorCode::kInvalidArgument,
                "the authority's certificate expired at " + FormatTime(info.not_after));
  }
  MATIC_ASSIGN(UniqueX509 issuer, ReadCertificate(authority.certificate_pem));
  MATIC_ASSIGN(UniqueKey issuer_key, ReadKey(authority.key_pem));
  const WallTime until = std::min<WallTime>(now + request.lifetime, info.not_after);
  MATIC_ASSIGN(Draft draft, NewDraft(request.name, now - kClockSkew, until));
  X509* certificate = draft.certificate.get();
  if (X509_set_issuer_name(certificate, X509_get_subject_name(issuer.get())) != 1 ||
      !AddExtension(certificate, issuer.get(), NID_basic_constraints, "critical,CA:FALSE") ||
      !AddExtension(certificate, issuer.get(), NID_key_usage, "critical,digitalSignature") ||
      !AddExtension(certificate, issuer.get(), NID_ext_key_usage,
                    request.role ? "clientAuth" : "serverAuth") ||
      !AddExtension(certificate, issuer.get(), NID_subject_key_identifier, "hash") ||
      !AddExtension(certificate, issuer.get(), NID_authority_key_identifier, "keyid") ||
      !AddExtension(certificate, issuer.get(), NID_subject_alt_name, AlternativeNames(request))) {
    return Fail(
        OpenSslError(ErrorCode::kInternal, "making the certificate '" + request.name + "'"));
  }
  return Sign(draft, issuer_key.get());
}

}  // namespace matic::rpc
