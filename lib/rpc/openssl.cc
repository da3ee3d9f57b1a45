#include "lib/rpc/openssl.h"

#include <openssl/err.h>
#include <openssl/pem.h>

#include <cctype>
#include <ctime>

namespace matic::rpc {
namespace {

UniqueBio Memory(const std::string& text) {
  return UniqueBio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

// Without it OpenSSL asks at the terminal for the passphrase of an encrypted key.
int NoPassphrase(char*, int, int, void*) { return -1; }

// Every object of a kind that a PEM text has; others are passed over.
template <typename Unique, typename Read>
Result<std::vector<Unique>> ReadAll(const std::string& pem, const std::string& what, Read read) {
  UniqueBio bio = Memory(pem);
  std::vector<Unique> objects;
  while (bio) {
    Unique object(read(bio.get(), nullptr, NoPassphrase, nullptr));
    if (!object) break;
    objects.push_back(std::move(object));
  }
  const bool at_the_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
  if (objects.empty() || !at_the_end) return Fail(OpenSslError(ErrorCode::kCorrupt, what));
  ERR_clear_error();
  return objects;
}

}  // namespace

Error OpenSslError(ErrorCode code, const std::string& what) {
  const unsigned long reason = ERR_get_error();
  ERR_clear_error();
  const char* text = reason == 0 ? nullptr : ERR_reason_error_string(reason);
  return Error{code, what + ": " + (text == nullptr ? "OpenSSL gives no reason" : text)};
}

Result<WallTime> ToWallTime(const ASN1_TIME* time) {
  std::tm parts{};
  if (ASN1_TIME_to_tm(time, &parts) != 1) {
    return Fail(OpenSslError(ErrorCode::kCorrupt, "an unreadable time"));
  }
  return std::chrono::system_clock::from_time_t(timegm(&parts));
}

std::string NameText(const X509_NAME* name) {
  const auto text = ToPem(
      [name](BIO* bio) { return X509_NAME_print_ex(bio, name, 0, XN_FLAG_RFC2253) >= 0 ? 1 : 0; });
  return text.value_or("");
}

std::string SerialText(const ASN1_INTEGER* serial) {
  const std::unique_ptr<BIGNUM, OpenSslDeleter<BN_free>> number(
      ASN1_INTEGER_to_BN(serial, nullptr));
  char* const digits = number ? BN_bn2hex(number.get()) : nullptr;
  if (digits == nullptr) return "";
  std::string text(digits);
  OPENSSL_free(digits);
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

Result<std::string> ToPem(const std::function<int(BIO*)>& write) {
  UniqueBio bio(BIO_new(BIO_s_mem()));
  if (!bio || write(bio.get()) != 1) {
    return Fail(OpenSslError(ErrorCode::kInternal, "writing PEM"));
  }
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &data);
  return std::string(data, static_cast<size_t>(size));
}

Result<UniqueX509> ReadCertificate(const std::string& pem) {
  UniqueBio bio = Memory(pem);
  UniqueX509 certificate(bio ? PEM_read_bio_X509(bio.get(), nullptr, NoPassphrase, nullptr)
                             : nullptr);
  if (!certificate) return Fail(OpenSslError(ErrorCode::kCorrupt, "not a PEM certificate"));
  return certificate;
}

Result<std::vector<UniqueX509>> ReadCertificates(const std::string& pem) {
  return ReadAll<UniqueX509>(pem, "not PEM certificates", PEM_read_bio_X509);
}

Result<std::vector<UniqueCrl>> ReadCrls(const std::string& pem) {
  return ReadAll<UniqueCrl>(pem, "not a PEM revocation list", PEM_read_bio_X509_CRL);
}

Result<UniqueKey> ReadKey(const std::string& pem) {
  UniqueBio bio = Memory(pem);
  UniqueKey key(bio ? PEM_read_bio_PrivateKey(bio.get(), nullptr, NoPassphrase, nullptr) : nullptr);
  if (!key) {
    return Fail(OpenSslError(ErrorCode::kCorrupt, "not a PEM private key without a passphrase"));
  }
  return key;
}

}  // namespace matic::rpc
