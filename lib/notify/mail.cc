#include "lib/notify/mail.h"

#include <absl/strings/escaping.h>

#include <algorithm>

#include "lib/base/utf8.h"

namespace matic::notify {
namespace {

constexpr size_t kLine = 76;  // RFC 2047, 2: a line with an encoded word
constexpr std::string_view kWordStart = "=?UTF-8?B?";
constexpr std::string_view kWordEnd = "?=";
constexpr std::string_view kFold = "\r\n ";

bool IsPlain(std::string_view text) {
  return text.find("=?") == std::string_view::npos &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x20 && c < 0x7f; });
}

// The most bytes of `text`, in whole characters, whose base64 fits into `room`.
size_t FittingBytes(std::string_view text, size_t room) {
  size_t bytes = std::min(text.size(), room / 4 * 3);
  while (bytes > 0 && bytes < text.size() && IsContinuation(text[bytes])) {
    --bytes;
  }
  return bytes;
}

std::string Joined(const std::vector<std::string>& addresses) {
  std::string joined;
  for (const std::string& address : addresses) {
    if (!joined.empty()) joined += "," + std::string(kFold);
    joined += address;
  }
  return joined;
}

std::string DomainOf(const std::string& address) { return address.substr(address.rfind('@') + 1); }

}  // namespace

bool IsMailAddress(std::string_view text) {
  const size_t at = text.find('@');
  if (at == 0 || at == std::string_view::npos || at + 1 == text.size() || text.size() > 254 ||
      text.front() == '-') {
    return false;
  }
  return std::all_of(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(at),
                     [](unsigned char c) {
                       return std::isalnum(c) ||
                              std::string_view(".!#$%&'*+-/=?^_`{|}~").find(static_cast<char>(c)) !=
                                  std::string_view::npos;
                     }) &&
         std::all_of(text.begin() + static_cast<std::ptrdiff_t>(at) + 1, text.end(),
                     [](unsigned char c) { return std::isalnum(c) || c == '.' || c == '-'; });
}

std::string EncodeHeader(std::string_view text, size_t first) {
  if (IsPlain(text) && first + text.size() <= kLine) return std::string(text);
  std::string encoded;
  size_t taken = first;
  while (!text.empty()) {
    const size_t frame = kWordStart.size() + kWordEnd.size();
    const size_t bytes = FittingBytes(text, kLine - std::min(kLine, taken + frame));
    if (bytes > 0) {
      encoded += std::string(kWordStart) + absl::Base64Escape(std::string(text.substr(0, bytes))) +
                 std::string(kWordEnd);
      text.remove_prefix(bytes);
    }
    if (!text.empty()) encoded += kFold;
    taken = 1;
  }
  return encoded;
}

Result<Mail> MakeMail(const Parcel& parcel, const Email& channel) {
  std::vector<std::string> addresses = channel.to;
  addresses.push_back(channel.from);
  for (const std::string& address : addresses) {
    if (!IsMailAddress(address)) {
      return Fail(ErrorCode::kInvalidArgument, "'" + address + "' is no e-mail address");
    }
  }
  if (channel.to.empty()) return Fail(ErrorCode::kInvalidArgument, "no recipient is set");
  const Message& message = parcel.message;
  constexpr std::string_view kSubject = "Subject: ";
  Mail mail;
  mail.host = channel.host;
  mail.port = channel.port != 0 ? channel.port : channel.security == MailSecurity::kTls ? 465 : 587;
  mail.security = channel.security;
  mail.ca_file = channel.ca_file;
  mail.user = channel.user;
  mail.from = channel.from;
  mail.to = channel.to;
  mail.headers = {
      "From: " + channel.from,
      "To: " + Joined(channel.to),
      std::string(kSubject) + EncodeHeader(Headline(message), kSubject.size()),
      "Date: " + FormatMailTime(message.time),
      "Message-ID: <" + parcel.id + "@" + DomainOf(channel.from) + ">",
      "Auto-Submitted: auto-generated",  // RFC 3834: nobody's holiday answers it
      "X-Matic-Level: " + std::string(LevelName(message.level)),
      "X-Matic-Event: " + std::string(EventName(message.event)),
  };
  mail.text = PlainText(message, parcel.left_out);
  return mail;
}

}  // namespace matic::notify
