#include "agent/api/calls.h"

#include <algorithm>
#include <utility>

namespace matic::api {
namespace {

using grpc::experimental::InterceptionHookPoints;

constexpr size_t kMaxWatches = 16;
// Plans and health checks, which ask servers and programs.
constexpr size_t kMaxLongCalls = 8;

// Those of gRPC's own service hold no thread.
constexpr std::string_view kOurs = "/matic.v1.Node/";

}  // namespace

// gRPC makes one a call, and destroys it just before the call's context.
class Calls::Follower final : public grpc::experimental::Interceptor {
 public:
  Follower(Calls& calls, const grpc::ServerContextBase* context)
      : calls_(calls), context_(context) {
    calls_.Begin(context_);
  }
  ~Follower() override { calls_.End(context_); }

  void Intercept(grpc::experimental::InterceptorBatchMethods* methods) override {
    using Hook = InterceptionHookPoints;
    if (methods->QueryInterceptionHookPoint(Hook::PRE_SEND_MESSAGE) ||
        methods->QueryInterceptionHookPoint(Hook::PRE_SEND_STATUS)) {
      calls_.SetSending(context_, true);
    } else if (methods->QueryInterceptionHookPoint(Hook::POST_SEND_MESSAGE)) {
      calls_.SetSending(context_, false);
    }
    methods->Proceed();
  }

 private:
  Calls& calls_;
  const grpc::ServerContextBase* const context_;
};

class Calls::FollowerFactory final : public grpc::experimental::ServerInterceptorFactoryInterface {
 public:
  explicit FollowerFactory(Calls& calls) : calls_(calls) {}

  grpc::experimental::Interceptor* CreateServerInterceptor(
      grpc::experimental::ServerRpcInfo* info) override {
    if (!std::string_view(info->method()).starts_with(kOurs)) return nullptr;
    return std::make_unique<Follower>(calls_, info->server_context()).release();
  }

 private:
  Calls& calls_;
};

Calls::Calls(std::chrono::milliseconds patience, HangUp hang_up)
    : patience_(patience),
      hang_up_(std::move(hang_up)),
      all_(kMaxCalls, "calls"),
      watches_(kMaxWatches, "watches"),
      long_calls_(kMaxLongCalls, "plans and health checks"),
      watchdog_([this](const std::stop_token& stop) { CancelUnread(stop); }) {}

std::unique_ptr<grpc::experimental::ServerInterceptorFactoryInterface> Calls::Follow() {
  return std::make_unique<FollowerFactory>(*this);
}

Result<> Calls::Admit(const grpc::ServerContext& context, const Identity& who,
                      std::string_view method) {
  std::vector<std::unique_ptr<Places::Place>> places;
  MATIC_ASSIGN(places.emplace_back(), all_.Take(who));
  if (method == "WatchSchedule") {
    MATIC_ASSIGN(places.emplace_back(), watches_.Take(who));
  }
  if (method == "PlanUpdate" || method == "GetHealth") {
    MATIC_ASSIGN(places.emplace_back(), long_calls_.Take(who));
  }
  const std::scoped_lock lock(mutex_);
  calls_.at(&context).places = std::move(places);
  return {};
}

void Calls::Begin(const grpc::ServerContextBase* context) {
  const std::scoped_lock lock(mutex_);
  calls_.try_emplace(context);
}

void Calls::SetSending(const grpc::ServerContextBase* context, bool sending) {
  const std::scoped_lock lock(mutex_);
  auto& since = calls_.at(context).sends_since;
  since.reset();
  if (!sending) return;
  since = std::chrono::steady_clock::now();
  sending_.notify_one();
}

void Calls::End(const grpc::ServerContextBase* context) {
  const std::scoped_lock lock(mutex_);
  calls_.erase(context);
}

// gRPC has no limit of its own for a message that is being sent.
void Calls::CancelUnread(const std::stop_token& stop) {
  const auto any_sends = [this] {
    return std::ranges::any_of(
        calls_, [](const auto& call) { return call.second.sends_since.has_value(); });
  };
  std::unique_lock lock(mutex_);
  while (sending_.wait(lock, stop, any_sends)) {
    for (auto& [context, call] : calls_) {
      if (!call.sends_since) continue;
      if (std::chrono::steady_clock::now() - *call.sends_since < patience_) continue;
      call.sends_since.reset();
      // Under the lock, which keeps the context.
      const std::string peer = context->peer();  // unknown once it is cancelled
      context->TryCancel();
      // What is cancelled stays where nothing at all is read from the connection.
      hang_up_(peer);
    }
    sending_.wait_for(lock, stop, patience_ / 8, [] { return false; });
  }
}

}  // namespace matic::api
