#include "lib/rpc/role.h"

#include "lib/base/names.h"

namespace matic::rpc {

namespace {

constexpr Names<Role, 3> kRoles{
    {{Role::kReader, "reader"}, {Role::kOperator, "operator"}, {Role::kAdmin, "admin"}}};

}  // namespace

std::string_view RoleName(Role role) { return NameIn(kRoles, role); }

std::optional<Role> ParseRoleUri(std::string_view uri) {
  if (!uri.starts_with(kRoleUriPrefix)) return std::nullopt;
  uri.remove_prefix(kRoleUriPrefix.size());
  return ValueIn(kRoles, uri);
}

}  // namespace matic::rpc
