// One log line for every call that changes something: who, what, and what came of it.
#pragma once

#include <string>
#include <string_view>

#include "agent/api/rules.h"
#include "lib/base/result.h"
#include "matic/v1/node.pb.h"

namespace matic::api {

// What a request asks for, on one line, without secrets.
std::string Describe(const google::protobuf::Message& request);

// `error` is null where the call succeeded. A refusal for want of a role is logged for every
// method.
void Audit(const Identity& who, std::string_view method, const google::protobuf::Message& request,
           const Error* error);

}  // namespace matic::api
