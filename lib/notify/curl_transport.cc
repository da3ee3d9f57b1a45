#include "lib/notify/curl_transport.h"

#include <algorithm>
#include <string_view>

#include "lib/notify/curl_session.h"
#include "lib/notify/web_url.h"

namespace matic::notify {
namespace {

constexpr size_t kKeptAnswer = 512;
constexpr size_t kMaxAnswer = 1u << 20;

struct Answer {
  std::string kept;
  size_t bytes = 0;
};

size_t OnAnswer(char* data, size_t size, size_t count, void* target) {
  Answer& answer = *static_cast<Answer*>(target);
  const size_t bytes = size * count;
  answer.bytes += bytes;
  if (answer.bytes > kMaxAnswer) return 0;
  answer.kept.append(data, std::min(bytes, kKeptAnswer - answer.kept.size()));
  return bytes;
}

// Mail is made of lines that end in CR LF; libcurl would encode a lone LF.
std::string WithCrLf(std::string_view text) {
  std::string lines;
  for (const char c : text) {
    if (c == '\n') lines += '\r';
    lines += c;
  }
  return lines;
}

class MimeText {
 public:
  MimeText(CURL* easy, const std::string& text) : mime_(curl_mime_init(easy)) {
    curl_mimepart* part = curl_mime_addpart(mime_);
    good_ = curl_mime_data(part, text.data(), text.size()) == CURLE_OK &&
            curl_mime_type(part, "text/plain; charset=utf-8") == CURLE_OK &&
            curl_mime_encoder(part, "quoted-printable") == CURLE_OK;
  }
  ~MimeText() { curl_mime_free(mime_); }
  MimeText(const MimeText&) = delete;
  MimeText& operator=(const MimeText&) = delete;

  curl_mime* get() const { return good_ ? mime_ : nullptr; }

 private:
  curl_mime* mime_;
  bool good_ = false;
};

// What a mail server's last answer means, where the transfer failed.
Error MailFault(const CurlSession& session, CURLcode code) {
  const long answer = session.ResponseCode();
  const std::string said = " (the server's answer is " + std::to_string(answer) + ")";
  if (code == CURLE_LOGIN_DENIED) {
    return session.Fault(ErrorCode::kRefused, "does not take the login" + said);
  }
  if (code == CURLE_USE_SSL_FAILED) {
    return session.Fault(ErrorCode::kPermission, "offers no STARTTLS" + said);
  }
  if (code == CURLE_OPERATION_TIMEDOUT || answer < 400) return session.Fault(code);
  return session.Fault(answer >= 500 ? ErrorCode::kRefused : ErrorCode::kUnavailable,
                       "does not take the mail" + said);
}

}  // namespace

CurlTransport::CurlTransport() {
  // Initialised once for the process; libcurl counts, and is never torn down before exit.
  static const CURLcode initialised = curl_global_init(CURL_GLOBAL_DEFAULT);
  static_cast<void>(initialised);
}

Result<HttpAnswer> CurlTransport::Send(const HttpRequest& request, std::stop_token stop) {
  MATIC_ASSIGN(const WebUrl url, ParseWebUrl(request.url));
  Answer answer;
  CurlSession session(url.origin);
  session.Set(CURLOPT_URL, request.url.c_str());
  session.Set(CURLOPT_PROTOCOLS_STR, "http,https");
  session.Set(CURLOPT_FOLLOWLOCATION, 0L);
  session.Set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  session.Set(CURLOPT_USERAGENT, "matic/" MATIC_VERSION);
  session.Set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
  session.Set(CURLOPT_POSTFIELDS, request.body.c_str());
  session.Set(CURLOPT_CUSTOMREQUEST, request.method.c_str());
  session.Set(CURLOPT_WRITEFUNCTION, &OnAnswer);
  session.Set(CURLOPT_WRITEDATA, static_cast<void*>(&answer));
  session.SetTls(request.ca_file);
  std::vector<std::string> headers = request.headers;
  headers.emplace_back("Expect:");  // no pause before a small body
  session.SetList(CURLOPT_HTTPHEADER, headers);

  MATIC_ASSIGN(const CURLcode code, session.Run(request.deadline, std::move(stop)));
  // A status came, whatever happened to an overlong body after it.
  if (code != CURLE_OK && code != CURLE_WRITE_ERROR) return Fail(session.Fault(code));
  curl_off_t retry_after = 0;
  curl_easy_getinfo(session.handle(), CURLINFO_RETRY_AFTER, &retry_after);
  return HttpAnswer{.status = static_cast<int>(session.ResponseCode()),
                    .retry_after = std::chrono::seconds(retry_after),
                    .text = std::move(answer.kept)};
}

Result<> CurlTransport::Send(const Mail& mail, std::stop_token stop) {
  const bool tls = mail.security == MailSecurity::kTls;
  const std::string peer = mail.host + ":" + std::to_string(mail.port);
  CurlSession session(peer);
  const MimeText body(session.handle(), WithCrLf(mail.text));
  if (body.get() == nullptr) return Fail(session.Fault(CURLE_OUT_OF_MEMORY));
  std::vector<std::string> recipients;
  for (const std::string& to : mail.to) recipients.push_back("<" + to + ">");

  session.Set(CURLOPT_URL, ((tls ? "smtps://" : "smtp://") + peer).c_str());
  session.Set(CURLOPT_PROTOCOLS_STR, "smtp,smtps");
  session.Set(CURLOPT_USE_SSL, static_cast<long>(CURLUSESSL_ALL));
  session.SetTls(mail.ca_file);
  if (!mail.user.empty()) {
    session.Set(CURLOPT_USERNAME, mail.user.c_str());
    session.Set(CURLOPT_PASSWORD, mail.password.c_str());
  }
  session.Set(CURLOPT_MAIL_FROM, ("<" + mail.from + ">").c_str());
  session.SetList(CURLOPT_MAIL_RCPT, recipients);
  session.Set(CURLOPT_MAIL_RCPT_ALLLOWFAILS, 1L);
  session.SetList(CURLOPT_HTTPHEADER, mail.headers);
  session.Set(CURLOPT_MIMEPOST, body.get());
  session.Set(CURLOPT_WRITEFUNCTION, &OnAnswer);
  Answer ignored;
  session.Set(CURLOPT_WRITEDATA, static_cast<void*>(&ignored));

  MATIC_ASSIGN(const CURLcode code, session.Run(mail.deadline, std::move(stop)));
  if (code != CURLE_OK) return Fail(MailFault(session, code));
  return {};
}

}  // namespace matic::notify
