#include "lib/rpc/role.h"

namespace matic::rpc {

std::string_view RoleName(Role role) {
  switch (role) {
    case Role::kReader:
      return "reader";
    case Role::kOperator:
      return "operator";
    case Role::kAdmin:
      return "admin";
  }
  return "reader";
}

std::optional<Role> ParseRoleUri(std::string_view uri) {
  if (!uri.starts_with(kRoleUriPrefix)) return std::nullopt;
  uri.remove_prefix(kRoleUriPrefix.size());
  for (Role role : {Role::kReader, Role::kOperator, Role::kAdmin}) {
    if (uri == RoleName(role)) return role;
  }
  return std::nullopt;
}

}  // namespace matic::rpc
