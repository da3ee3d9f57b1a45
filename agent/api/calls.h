// The calls of a server that are under way, until their callers have the answers: how many there
// may be, and how long an answer waits for a caller who does not take it. Each holds a thread.
#pragma once

#include <grpcpp/server_context.h>
#include <grpcpp/support/server_interceptor.h>

#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "agent/api/places.h"
#include "agent/api/rules.h"
#include "lib/base/result.h"

namespace matic::api {

// gRPC's threads, and so calls of any caller.
inline constexpr int kMaxCalls = 32;

class Calls {
 public:
  // Closes the connection of a peer, as gRPC names it.
  using HangUp = std::function<void(const std::string& peer)>;

  // A message is taken within `patience`, or its call is cancelled and its caller hung up on.
  Calls(std::chrono::milliseconds patience, HangUp hang_up);

  // Part of a server that is destroyed before this.
  std::unique_ptr<grpc::experimental::ServerInterceptorFactoryInterface> Follow();

  // The call's place, which it has until its end. kUnavailable where there is none for `who`.
  Result<> Admit(const grpc::ServerContext& context, const Identity& who, std::string_view method);

 private:
  class Follower;
  class FollowerFactory;

  struct Call {
    std::vector<std::unique_ptr<Places::Place>> places;
    std::optional<std::chrono::steady_clock::time_point> sends_since;
  };

  void Begin(const grpc::ServerContextBase* context);
  void SetSending(const grpc::ServerContextBase* context, bool sending);
  void End(const grpc::ServerContextBase* context);
  void CancelUnread(const std::stop_token& stop);

  const std::chrono::milliseconds patience_;
  const HangUp hang_up_;
  Places all_;
  Places watches_;
  Places long_calls_;
  std::mutex mutex_;
  std::condition_variable_any sending_;
  std::map<const grpc::ServerContextBase*, Call> calls_;
  std::jthread watchdog_;
};

}  // namespace matic::api
