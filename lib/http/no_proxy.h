// Which servers are asked directly although there is a proxy. Inside this folder only.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace matic::http {

// Whether an entry is for `host`, as Origin has it: "example.com" is for itself and for all names
// below it, as is ".example.com"; "10.1.2.3", "fd00::1", "10.0.0.0/8" and "fd00::/8" are for
// addresses that a URL names, never for those that a name leads to; "*" is for all.
bool IsAskedDirectly(std::string_view host, const std::vector<std::string>& no_proxy);

}  // namespace matic::http
