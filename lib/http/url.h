// The few things that are asked of a URL before anybody is asked for its content.
#pragma once

#include <string>
#include <string_view>

namespace matic::http {

// "https" of "HTTPS://host/…", in lower case; empty where there is none.
std::string UrlScheme(std::string_view url);

// The URL as it may be logged: without user, password, query and fragment, which carry secrets.
std::string PublicUrl(std::string_view url);

}  // namespace matic::http
