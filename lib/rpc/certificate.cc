#include "lib/rpc/certificate.h"

#include <openssl/err.h>

#include "lib/rpc/openssl.h"

namespace matic::rpc {
namespace {

std::string ToString(const ASN1_STRING* text) {
  return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
          static_cast<size_t>(ASN1_STRING_length(text))};
}

std::string CommonName(const X509* certificate) {
  const X509_NAME* name = X509_get_subject_name(certificate);
  const int index = X509_NAME_get_index_by_NID(name, NID_commonName, -1);
  if (index < 0) return "";
  return ToString(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, index)));
}

std::vector<std::string> Uris(const X509* certificate) {
  std::vector<std::string> uris;
  std::unique_ptr<GENERAL_NAMES, OpenSslDeleter<GENERAL_NAMES_free>> names(
      static_cast<GENERAL_NAMES*>(
          X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
  for (int i = 0; i < sk_GENERAL_NAME_num(names.get()); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(names.get(), i);
    if (name->type == GEN_URI) uris.push_back(ToString(name->d.uniformResourceIdentifier));
  }
  return uris;
}

}  // namespace

std::optional<Role> CertificateInfo::role() const {
  std::optional<Role> found;
  for (const std::string& uri : uris) {
    if (!uri.starts_with(kRoleUriPrefix)) continue;
    const std::optional<Role> role = ParseRoleUri(uri);
    if (!role || found) return std::nullopt;
    found = role;
  }
  return found;
}

Result<CertificateInfo> ParseCertificate(const std::string& pem) {
  MATIC_ASSIGN(UniqueX509 certificate, ReadCertificate(pem));
  CertificateInfo info;
  info.common_name = CommonName(certificate.get());
  MATIC_ASSIGN(info.not_before, ToWallTime(X509_get0_notBefore(certificate.get())));
  MATIC_ASSIGN(info.not_after, ToWallTime(X509_get0_notAfter(certificate.get())));
  info.uris = Uris(certificate.get());
  info.issuer = NameText(X509_get_issuer_name(certificate.get()));
  info.serial = SerialText(X509_get0_serialNumber(certificate.get()));
  return info;
}

Result<bool> IsSignedBy(const std::string& certificate_pem, const std::string& authority_pem) {
  MATIC_ASSIGN(UniqueX509 certificate, ReadCertificate(certificate_pem));
  MATIC_ASSIGN(UniqueX509 authority, ReadCertificate(authority_pem));
  EVP_PKEY* key = X509_get0_pubkey(authority.get());
  const bool is = key != nullptr && X509_verify(certificate.get(), key) == 1;
  ERR_clear_error();
  return is;
}

Result<> CheckKeyFits(const std::string& certificate_pem, const std::string& key_pem) {
  MATIC_ASSIGN(UniqueX509 certificate, ReadCertificate(certificate_pem));
  MATIC_ASSIGN(UniqueKey key, ReadKey(key_pem));
  if (X509_check_private_key(certificate.get(), key.get()) != 1) {
    return Fail(OpenSslError(ErrorCode::kInvalidArgument, "the key is not the certificate's"));
  }
  return {};
}

}  // namespace matic::rpc
