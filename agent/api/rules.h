// Who may call what: one row a method of matic.v1.Node. A method without a row may be called by
// nobody.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "lib/base/result.h"
#include "lib/rpc/role.h"

namespace matic::api {

struct MethodRule {
  std::string_view method;  // as the service's descriptor names it
  rpc::Role role;           // the least that may call it
  bool changes;             // the machine or its schedules: audited
};

std::span<const MethodRule> MethodRules();
const MethodRule* FindRule(std::string_view method);

// Who calls, as the transport proved it.
struct Identity {
  std::optional<rpc::Role> role = std::nullopt;
  std::string description = {};  // "admin alice (10.0.2.2)", "root (uid 0, unix socket)"
  std::string name = {};         // "alice"
  std::string from = {};         // "10.0.2.2", "unix socket, uid 0, pid 4242"
  std::string certificate = {};  // its serial number; empty at a unix socket
  std::string why_no_role = {};  // empty: the certificate names none
};

// kPermission, saying what is missing.
Result<> Authorise(const Identity& identity, std::string_view method);

}  // namespace matic::api
