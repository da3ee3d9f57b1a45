// What a caller may do. On the network it is named by the caller's certificate, as the URI
// `urn:matic:role:NAME` among its subject alternative names; a certificate without one may do
// nothing.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace matic::rpc {

// Each may do what those before it may.
enum class Role { kReader, kOperator, kAdmin };

// "reader", "operator", "admin".
std::string_view RoleName(Role role);

inline constexpr std::string_view kRoleUriPrefix = "urn:matic:role:";

// Of a whole URI. Anything but the three names is no role.
std::optional<Role> ParseRoleUri(std::string_view uri);

}  // namespace matic::rpc
