#include "lib/http/curl_settings.h"

#include <algorithm>

namespace matic::http {
namespace {

constexpr std::chrono::milliseconds kLongestTime = std::chrono::hours(24);

}  // namespace

void CurlSettings::SetTls(const CurlOptions& options, const Credentials& credentials) {
  Set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  Set(CURLOPT_SSL_VERIFYPEER, 1L);
  Set(CURLOPT_SSL_VERIFYHOST, 2L);
  if (!options.ca_file.empty()) {
    Set(CURLOPT_CAINFO, options.ca_file.c_str());
    Set(CURLOPT_CAPATH, static_cast<const char*>(nullptr));
    Set(CURLOPT_PROXY_CAINFO, options.ca_file.c_str());
    Set(CURLOPT_PROXY_CAPATH, static_cast<const char*>(nullptr));
  }
  if (options.client_certificate.empty()) return;
  Set(CURLOPT_SSLCERT, options.client_certificate.c_str());
  // From memory, since a credential's file is no file that libcurl would be let near.
  curl_blob key{const_cast<char*>(credentials.client_key.data()), credentials.client_key.size(),
                CURL_BLOB_COPY};
  Set(CURLOPT_SSLKEY_BLOB, &key);
}

void CurlSettings::SetProxy(const std::string& proxy, const Credentials& credentials) {
  // Also where there is none: what http_proxy and its relatives say in the environment of a daemon
  // is nobody's intention. For whom it is, is decided before (no_proxy.h): libcurl would not tell
  // which way it went.
  Set(CURLOPT_PROXY, proxy.c_str());
  Set(CURLOPT_NOPROXY, "");
  if (proxy.empty()) return;
  // A proxy that is asked for a tunnel sees none of the headers that are for the server.
  Set(CURLOPT_HEADEROPT, static_cast<long>(CURLHEADER_SEPARATE));
  if (credentials.proxy_user.empty()) return;
  Set(CURLOPT_PROXYAUTH, static_cast<long>(CURLAUTH_BASIC));
  Set(CURLOPT_PROXYUSERNAME, credentials.proxy_user.c_str());
  Set(CURLOPT_PROXYPASSWORD, credentials.proxy_password.c_str());
}

void CurlSettings::SetTimes(const CurlOptions& options, std::chrono::milliseconds time_left) {
  Set(CURLOPT_CONNECTTIMEOUT, static_cast<long>(options.connect_timeout.count()));
  Set(CURLOPT_LOW_SPEED_LIMIT, static_cast<long>(options.low_speed_bytes));
  Set(CURLOPT_LOW_SPEED_TIME, static_cast<long>(options.low_speed_time.count()));
  if (time_left.count() <= 0) return;
  Set(CURLOPT_TIMEOUT_MS, static_cast<long>(std::min(time_left, kLongestTime).count()));
}

}  // namespace matic::http
