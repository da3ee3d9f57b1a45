#include "lib/notify/courier.h"

#include "lib/notify/mail.h"
#include "lib/notify/payload.h"
#include "lib/notify/redact.h"
#include "lib/notify/text.h"
#include "lib/notify/web_url.h"
#include "lib/os/output_tail.h"
#include "lib/os/secret.h"

namespace matic::notify {
namespace {

constexpr size_t kQuotedBytes = 200;

Attempt NeverMind(Error error) { return {.error = std::move(error), .again = false}; }
Attempt Later(Error error) { return {.error = std::move(error), .again = true}; }

// A certificate that is not trusted may be so because this machine's clock is not set yet.
Attempt Judge(Error error) {
  const bool again = error.code == ErrorCode::kUnavailable || error.code == ErrorCode::kPermission;
  return {.error = std::move(error), .again = again};
}

bool IsPassing(int status) {
  return status == 408 || status == 425 || status == 429 || status >= 500;
}

Attempt JudgeAnswer(const HttpAnswer& answer, const std::string& origin,
                    const std::vector<std::string>& secrets) {
  if (answer.status >= 200 && answer.status < 300) return {};
  std::string what = origin + ": HTTP " + std::to_string(answer.status);
  if (answer.status >= 300 && answer.status < 400) what += " (a redirect, which is not followed)";
  const std::string said = OneLine(Redacted(answer.text, secrets), kQuotedBytes);
  if (!said.empty()) what += ": " + said;
  const bool again = IsPassing(answer.status);
  return {.error = Error{again ? ErrorCode::kUnavailable : ErrorCode::kRefused, what},
          .again = again,
          .retry_after = answer.retry_after};
}

class Delivery {
 public:
  Delivery(Transport& transport, ProcessRunner& processes, const Channel& channel,
           const Parcel& parcel, const std::stop_token& stop)
      : transport_(transport),
        processes_(processes),
        channel_(channel),
        parcel_(parcel),
        stop_(stop) {}

  Attempt operator()(const Email& target) const {
    Result<Mail> mail = MakeMail(parcel_, target);
    if (!mail) return NeverMind(mail.error());
    if (!target.user.empty()) {
      Result<std::string> password = ReadSecret(target.password);
      if (!password) return NeverMind(password.error());
      mail->password = std::move(*password);
    }
    mail->deadline = channel_.timeout;
    const Result<> sent = transport_.Send(*mail, stop_);
    return sent ? Attempt() : Judge(sent.error());
  }

  Attempt operator()(const Discord& target) const {
    return PostToSecret(target.url, DiscordJson(parcel_), target.ca_file);
  }

  Attempt operator()(const Slack& target) const {
    return PostToSecret(target.url, SlackJson(parcel_), target.ca_file);
  }

  Attempt operator()(const Webhook& target) const {
    std::string url = target.url;
    std::string token;
    if (url.empty()) {
      Result<std::string> secret = ReadSecret(target.url_secret);
      if (!secret) return NeverMind(secret.error());
      url = std::move(*secret);
    }
    if (!target.token.empty()) {
      Result<std::string> secret = ReadSecret(target.token);
      if (!secret) return NeverMind(secret.error());
      token = std::move(*secret);
    }
    return SendJson("POST", url, token, GenericJson(parcel_), target.ca_file);
  }

  Attempt operator()(const Matrix& target) const {
    Result<std::string> token = ReadSecret(target.token);
    if (!token) return NeverMind(token.error());
    // The transaction's id lets the server pass over what it has already.
    std::string url = target.homeserver;
    while (url.ends_with('/')) url.pop_back();
    url += "/_matrix/client/v3/rooms/" + EscapeSegment(target.room) + "/send/m.room.message/" +
           EscapeSegment(parcel_.id);
    return SendJson("PUT", url, *token, MatrixJson(parcel_), target.ca_file);
  }

  Attempt operator()(const Program& target) const {
    const Message& message = parcel_.message;
    const Command command{
        .argv = target.argv,
        .environment = {"MATIC_ID=" + parcel_.id,
                        "MATIC_LEVEL=" + std::string(LevelName(message.level)),
                        "MATIC_EVENT=" + std::string(EventName(message.event)),
                        "MATIC_TITLE=" + message.title, "MATIC_NODE=" + message.node,
                        "MATIC_TIME=" + FormatTime(message.time),
                        "MATIC_JSON=" + GenericJson(parcel_)},
        .input = PlainText(message, parcel_.left_out),
        .stop = stop_};
    const Result<ProcessOutcome> outcome = processes_.RunCommand(command, channel_.timeout);
    if (!outcome) {
      return outcome.error().code == ErrorCode::kDeadline ? Later(outcome.error())
                                                          : NeverMind(outcome.error());
    }
    if (outcome->exit_code == 0) return {};
    return Later({ErrorCode::kUnavailable, target.argv[0] + " " + DescribeExit(outcome->exit_code) +
                                               ": " + OneLine(outcome->output, kQuotedBytes)});
  }

 private:
  Attempt PostToSecret(const SecretSource& source, const std::string& json,
                       const std::string& ca_file) const {
    const Result<std::string> url = ReadSecret(source);
    if (!url) return NeverMind(url.error());
    return SendJson("POST", *url, "", json, ca_file);
  }

  Attempt SendJson(const std::string& method, const std::string& url, const std::string& token,
                   const std::string& json, const std::string& ca_file) const {
    const Result<WebUrl> parsed = ParseWebUrl(url);
    if (!parsed) return NeverMind(parsed.error());
    HttpRequest request{.method = method,
                        .url = url,
                        .headers = {"Content-Type: application/json"},
                        .body = json,
                        .ca_file = ca_file,
                        .deadline = channel_.timeout};
    if (!token.empty()) request.headers.push_back("Authorization: Bearer " + token);
    const Result<HttpAnswer> answer = transport_.Send(request, stop_);
    if (!answer) return Judge(answer.error());
    return JudgeAnswer(*answer, parsed->origin, {url, parsed->secret, token});
  }

  Transport& transport_;
  ProcessRunner& processes_;
  const Channel& channel_;
  const Parcel& parcel_;
  const std::stop_token& stop_;
};

}  // namespace

Courier::Courier(Transport& transport, ProcessRunner& processes)
    : transport_(transport), processes_(processes) {}

Attempt Courier::Deliver(const Channel& channel, const Parcel& parcel,
                         const std::stop_token& stop) const {
  if (stop.stop_requested()) return Later({ErrorCode::kCancelled, "stopped before it was sent"});
  return std::visit(Delivery(transport_, processes_, channel, parcel, stop), channel.target);
}

}  // namespace matic::notify
