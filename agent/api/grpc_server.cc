#include "agent/api/grpc_server.h"

#include <grpc/support/log.h>
#include <grpcpp/health_check_service_interface.h>
#include <grpcpp/resource_quota.h>
#include <spdlog/spdlog.h>

#include <memory>
#include <utility>
#include <vector>

#include "agent/api/calls.h"
#include "lib/rpc/channel.h"

namespace matic::api {
namespace {

constexpr int kHandshakeMilliseconds = 10'000;
// A watcher that lost its power holds a thread until this ping fails.
constexpr int kKeepaliveMilliseconds = 30'000;
constexpr int kKeepaliveTimeoutMilliseconds = 10'000;
// osctl pings every ten seconds while it watches.
constexpr int kMinPingMilliseconds = 5'000;
constexpr int kMaxStreamsPerConnection = 32;

void LogMessage(gpr_log_func_args* message) {
  switch (message->severity) {
    case GPR_LOG_SEVERITY_ERROR:
      spdlog::warn("grpc: {}", message->message);
      return;
    case GPR_LOG_SEVERITY_INFO:
    case GPR_LOG_SEVERITY_DEBUG:
      spdlog::debug("grpc: {}", message->message);
      return;
  }
}

}  // namespace

void Prepare(grpc::ServerBuilder& builder, NodeService& service) {
  grpc::EnableDefaultHealthCheckService(true);
  grpc::ResourceQuota quota("matic.api");
  quota.SetMaxThreads(kMaxCalls);
  builder.SetResourceQuota(quota);
  builder.SetSyncServerOption(grpc::ServerBuilder::NUM_CQS, 1);
  builder.SetSyncServerOption(grpc::ServerBuilder::MIN_POLLERS, 1);
  builder.SetSyncServerOption(grpc::ServerBuilder::MAX_POLLERS, 2);
  builder.SetMaxReceiveMessageSize(rpc::kMaxMessageBytes);
  builder.SetMaxSendMessageSize(rpc::kMaxMessageBytes);
  // A port that another program has must be an error, not shared with it.
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  builder.AddChannelArgument(GRPC_ARG_SERVER_HANDSHAKE_TIMEOUT_MS, kHandshakeMilliseconds);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, kKeepaliveMilliseconds);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, kKeepaliveTimeoutMilliseconds);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS,
                             kMinPingMilliseconds);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, kMaxStreamsPerConnection);
  std::vector<std::unique_ptr<grpc::experimental::ServerInterceptorFactoryInterface>> followers;
  followers.push_back(service.calls().Follow());
  builder.experimental().SetInterceptorCreators(std::move(followers));
  builder.RegisterService(&service);
}

void Shutdown(grpc::Server& server, NodeService& service,
              std::chrono::system_clock::time_point deadline) {
  service.Stop();
  server.Shutdown(deadline);
  server.Wait();
}

void RedirectGrpcLog() { gpr_set_log_function(LogMessage); }

}  // namespace matic::api
