// The one mapping between our errors and gRPC's statuses. The error's code travels as trailing
// metadata, since several codes share a status; so a client gets back the error that the node had.
#pragma once

#include <grpcpp/client_context.h>
#include <grpcpp/server_context.h>
#include <grpcpp/support/status.h>

#include "lib/base/error.h"

namespace matic::rpc {

inline constexpr char kErrorCodeKey[] = "matic-error-code";

// A message is cut at this length: gRPC refuses headers larger than 8 KiB.
inline constexpr size_t kMaxErrorMessageBytes = 2048;

grpc::StatusCode ToStatusCode(ErrorCode code);

// Of a status that no code came with: from a proxy, from gRPC itself, or from an older peer.
ErrorCode FromStatusCode(grpc::StatusCode code);

// Also sets the trailing metadata of the call that `context` belongs to.
grpc::Status ToStatus(const Error& error, grpc::ServerContextBase& context);

// `status` is not OK. A code this program does not know is taken from the status.
Error FromStatus(const grpc::Status& status, const grpc::ClientContext& context);

}  // namespace matic::rpc
