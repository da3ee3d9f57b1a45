#include "lib/http/curl_error.h"

#include <algorithm>
#include <array>

namespace matic::http {
namespace {

ErrorCode CodeOfStatus(int status) {
  if (status == 404 || status == 410) return ErrorCode::kNotFound;
  if (status == 408 || status == 425 || status == 429) return ErrorCode::kUnavailable;
  if (status == 416) return ErrorCode::kCorrupt;
  if (status >= 400 && status < 500) return ErrorCode::kRefused;
  if (status >= 500 && status < 600) return ErrorCode::kUnavailable;
  return ErrorCode::kInvalidArgument;
}

const char* Reason(int status) {
  switch (status) {
    case 401:
      return " (the server asks for a login)";
    case 403:
      return " (forbidden)";
    case 404:
      return " (not found)";
    case 407:
      return " (the proxy asks for a login)";
    case 410:
      return " (gone)";
    case 416:
      return " (range not satisfiable: the content changed)";
    case 429:
      return " (too many requests)";
    case 500:
      return " (server error)";
    case 503:
      return " (service unavailable)";
    default:
      return "";
  }
}

// In the words of OpenSSL; the "sslv3" before some of them says nothing of the version.
constexpr std::array<std::string_view, 7> kCertificateAlerts = {"alert certificate required",
                                                                "alert bad certificate",
                                                                "alert certificate expired",
                                                                "alert certificate revoked",
                                                                "alert certificate unknown",
                                                                "alert unsupported certificate",
                                                                "alert unknown ca"};

}  // namespace

ErrorCode CodeOfTransport(CURLcode code) {
  // Not exhaustive: what is not named here is a peer or a network that may do better next time.
  const int value = code;
  switch (value) {
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_URL_MALFORMAT:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CERTPROBLEM:
      return ErrorCode::kInvalidArgument;
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_INVALIDCERTSTATUS:
      return ErrorCode::kPermission;
    case CURLE_ABORTED_BY_CALLBACK:
      return ErrorCode::kCancelled;
    case CURLE_OUT_OF_MEMORY:
    case CURLE_FAILED_INIT:
    case CURLE_NOT_BUILT_IN:
    case CURLE_UNKNOWN_OPTION:
    case CURLE_BAD_FUNCTION_ARGUMENT:
      return ErrorCode::kInternal;
    default:
      return ErrorCode::kUnavailable;
  }
}

bool IsAboutOurCertificate(CURLcode code, std::string_view cause) {
  if (code == CURLE_SSL_CLIENTCERT) return true;
  return std::ranges::any_of(kCertificateAlerts, [&](std::string_view alert) {
    return cause.find(alert) != std::string_view::npos;
  });
}

Error ProxyError(const std::string& url, int status) {
  const std::string what = url + ": the proxy answered HTTP " + std::to_string(status);
  if (status == 407) {
    return Error{ErrorCode::kRefused, what + ": it asks for a login (download.proxy_secret)"};
  }
  return Error{CodeOfStatus(status), what + Reason(status)};
}

Error StatusError(const std::string& url, int status) {
  return Error{CodeOfStatus(status), url + ": HTTP " + std::to_string(status) + Reason(status)};
}

}  // namespace matic::http
