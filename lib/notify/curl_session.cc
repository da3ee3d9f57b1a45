#include "lib/notify/curl_session.h"

#include "lib/http/curl_error.h"

namespace matic::notify {
namespace {

constexpr int kPollMilliseconds = 1000;
constexpr long kConnectSeconds = 20;

}  // namespace

CurlSession::CurlSession(std::string peer)
    : peer_(std::move(peer)), multi_(curl_multi_init()), easy_(curl_easy_init()) {}

CurlSession::~CurlSession() {
  if (multi_ != nullptr && easy_ != nullptr) curl_multi_remove_handle(multi_, easy_);
  curl_easy_cleanup(easy_);
  curl_multi_cleanup(multi_);
  for (curl_slist* list : lists_) curl_slist_free_all(list);
}

void CurlSession::SetList(CURLoption option, const std::vector<std::string>& items) {
  curl_slist* list = nullptr;
  for (const std::string& item : items) {
    curl_slist* const longer = curl_slist_append(list, item.c_str());
    if (longer == nullptr && first_error_ == CURLE_OK) first_error_ = CURLE_OUT_OF_MEMORY;
    if (longer != nullptr) list = longer;
  }
  lists_.push_back(list);
  Set(option, list);
}

void CurlSession::SetTls(const std::string& ca_file) {
  Set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  Set(CURLOPT_SSL_VERIFYPEER, 1L);
  Set(CURLOPT_SSL_VERIFYHOST, 2L);
  if (ca_file.empty()) return;
  Set(CURLOPT_CAINFO, ca_file.c_str());
  Set(CURLOPT_CAPATH, static_cast<const char*>(nullptr));
}

Result<> CurlSession::Prepare(std::chrono::milliseconds deadline) {
  if (multi_ == nullptr) return Fail(Fault(ErrorCode::kInternal, "libcurl gave no handle"));
  Set(CURLOPT_ERRORBUFFER, error_text_);
  Set(CURLOPT_NOSIGNAL, 1L);
  // Without it a stop waits for the resolver's thread, which may take its own time-out.
  Set(CURLOPT_QUICK_EXIT, 1L);
  Set(CURLOPT_CONNECTTIMEOUT, kConnectSeconds);
  Set(CURLOPT_TIMEOUT_MS, static_cast<long>(deadline.count()));
  if (first_error_ != CURLE_OK) return Fail(Fault(first_error_));
  if (const CURLMcode code = curl_multi_add_handle(multi_, easy_); code != CURLM_OK) {
    return Fail(MultiFault(code));
  }
  return {};
}

Result<CURLcode> CurlSession::Run(std::chrono::milliseconds deadline, std::stop_token stop) {
  MATIC_TRY(Prepare(deadline));
  const std::stop_callback wake(stop, [this] { curl_multi_wakeup(multi_); });
  for (int running = 1; !stop.stop_requested();) {
    CURLMcode code = curl_multi_perform(multi_, &running);
    if (code != CURLM_OK) return Fail(MultiFault(code));
    if (running == 0) {
      int left = 0;
      const CURLMsg* message = curl_multi_info_read(multi_, &left);
      if (message == nullptr) return Fail(Fault(ErrorCode::kInternal, "libcurl lost a transfer"));
      return message->data.result;
    }
    code = curl_multi_poll(multi_, nullptr, 0, kPollMilliseconds, nullptr);
    if (code != CURLM_OK) return Fail(MultiFault(code));
  }
  return Fail(Fault(ErrorCode::kCancelled, "stopped"));
}

// libcurl's longer texts may quote what the server or the URL said; of certificates they do not.
Error CurlSession::Fault(CURLcode code) const {
  if (code == CURLE_PEER_FAILED_VERIFICATION && error_text_[0] != '\0') {
    return Fault(ErrorCode::kPermission, error_text_);
  }
  return Fault(http::CodeOfTransport(code), curl_easy_strerror(code));
}

Error CurlSession::Fault(ErrorCode code, const std::string& what) const {
  return Error{code, peer_ + ": " + what};
}

Error CurlSession::MultiFault(CURLMcode code) const {
  return Fault(ErrorCode::kInternal, std::string("libcurl: ") + curl_multi_strerror(code));
}

long CurlSession::ResponseCode() const {
  long code = 0;
  curl_easy_getinfo(easy_, CURLINFO_RESPONSE_CODE, &code);
  return code;
}

}  // namespace matic::notify
