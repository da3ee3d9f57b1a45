// When a call that takes long is to end.
#pragma once

#include <grpcpp/server_context.h>

#include <chrono>
#include <stop_token>
#include <thread>

namespace matic::api {

// Stops what a call does when its caller has hung up or given up, when the agent stops, and when
// its time is over. Whoever stops within a second of it holds a thread no longer than that.
class CallEnd {
 public:
  CallEnd(const grpc::ServerContext& context, std::stop_token agent,
          std::chrono::milliseconds limit);

  std::stop_token token() const { return end_.get_token(); }

 private:
  std::stop_source end_;
  std::jthread watch_;
};

}  // namespace matic::api
