// What the two servers have in common: limits of connections, threads and messages.
#pragma once

#include <grpcpp/server_builder.h>

#include <chrono>

#include "agent/api/node_service.h"

namespace matic::api {

inline constexpr std::chrono::seconds kShutdownTime{2};

// Sets the limits, and registers `service` and grpc.health.v1.
void Prepare(grpc::ServerBuilder& builder, NodeService& service);

// Ends watches, and cancels what has not ended at `deadline`.
void Shutdown(grpc::Server& server, NodeService& service,
              std::chrono::system_clock::time_point deadline);

// gRPC's own messages go to our log. Once a process.
void RedirectGrpcLog();

}  // namespace matic::api
