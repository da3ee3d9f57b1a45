// A message as an e-mail (RFC 5322), with headers that nobody can add to.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "lib/notify/outbox.h"
#include "lib/notify/transport.h"

namespace matic::notify {

// "name@example.com": ASCII, no quoting, no comments. What this lets through is safe in a header
// and in an SMTP command.
bool IsMailAddress(std::string_view text);

// A header's text in ASCII: as it is, or as encoded words (RFC 2047) folded over lines that start
// with a space. `first`: bytes that its first line has already.
std::string EncodeHeader(std::string_view text, size_t first);

// `parcel` has a Cleaned message. A wrong address is kInvalidArgument. The password is left empty.
Result<Mail> MakeMail(const Parcel& parcel, const Email& channel);

}  // namespace matic::notify
