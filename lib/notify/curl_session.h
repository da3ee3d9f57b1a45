// One transfer of libcurl's, ended by a stop or a deadline wherever it waits.
#pragma once

#include <curl/curl.h>

#include <chrono>
#include <stop_token>
#include <string>
#include <vector>

#include "lib/base/result.h"

namespace matic::notify {

class CurlSession {
 public:
  // `peer` names the other side in errors.
  explicit CurlSession(std::string peer);
  ~CurlSession();
  CurlSession(const CurlSession&) = delete;
  CurlSession& operator=(const CurlSession&) = delete;

  CURL* handle() { return easy_; }

  // The first option that fails is what Run returns. Texts are copied by libcurl, lists are kept
  // here.
  template <typename Value>
  void Set(CURLoption option, Value value) {
    const CURLcode code =
        easy_ == nullptr ? CURLE_FAILED_INIT : curl_easy_setopt(easy_, option, value);
    if (first_error_ == CURLE_OK) first_error_ = code;
  }
  void SetList(CURLoption option, const std::vector<std::string>& items);
  void SetTls(const std::string& ca_file);

  // How the transfer ended. A stop is kCancelled; libcurl's own failures are kInternal.
  Result<CURLcode> Run(std::chrono::milliseconds deadline, std::stop_token stop);

  // "`peer`: what curl says of it", with the code that Transport promises.
  Error Fault(CURLcode code) const;
  Error Fault(ErrorCode code, const std::string& what) const;
  long ResponseCode() const;

 private:
  Result<> Prepare(std::chrono::milliseconds deadline);
  Error MultiFault(CURLMcode code) const;

  char error_text_[CURL_ERROR_SIZE] = {};
  const std::string peer_;
  CURLM* multi_;
  CURL* easy_;
  std::vector<curl_slist*> lists_;
  CURLcode first_error_ = CURLE_OK;
};

}  // namespace matic::notify
