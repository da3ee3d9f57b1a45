// Options of a client as settings of one libcurl handle. Inside this folder only.
#pragma once

#include <curl/curl.h>

#include <string>

#include "lib/http/credentials.h"

namespace matic::http {

// Remembers the first setting that failed.
class CurlSettings {
 public:
  explicit CurlSettings(CURL* easy) : easy_(easy) {}

  template <typename T>
  void Set(CURLoption option, T value) {
    const CURLcode code = curl_easy_setopt(easy_, option, value);
    if (error_ == CURLE_OK) error_ = code;
  }
  void SetTls(const CurlOptions& options, const Credentials& credentials);
  // None where it is empty.
  void SetProxy(const std::string& proxy, const Credentials& credentials);
  void SetTimes(const CurlOptions& options, std::chrono::milliseconds time_left);

  CURLcode error() const { return error_; }

 private:
  CURL* easy_;
  CURLcode error_ = CURLE_OK;
};

}  // namespace matic::http
