// The few things that are asked of a URL before anybody is asked for its content.
#pragma once

#include <string>
#include <string_view>

namespace matic::http {

// "https" of "HTTPS://host/…", in lower case; empty where there is none.
std::string UrlScheme(std::string_view url);

// The source of an update, or another URL, as it may be shown: without user, password, query and
// fragment, which carry secrets; nothing is left of a URL that names no host. A path is shown as it
// is, and so are query and fragment of a flake in a repository ("git+https://host/x?ref=main#web").
std::string PublicUrl(std::string_view url);

}  // namespace matic::http
