#include "agent/api/call_end.h"

#include <condition_variable>
#include <mutex>
#include <utility>

namespace matic::api {
namespace {

constexpr std::chrono::milliseconds kInterval{200};

// A server that takes calls one by one tells of a caller who hung up only when it is asked.
void Watch(std::stop_token done, const grpc::ServerContext& context, const std::stop_token& agent,
           std::chrono::steady_clock::time_point limit, std::stop_source& end) {
  std::mutex mutex;
  std::condition_variable_any changed;
  std::unique_lock lock(mutex);
  while (!done.stop_requested()) {
    if (context.IsCancelled() || agent.stop_requested() ||
        std::chrono::steady_clock::now() >= limit) {
      end.request_stop();
      return;
    }
    changed.wait_for(lock, done, kInterval, [] { return false; });
  }
}

}  // namespace

CallEnd::CallEnd(const grpc::ServerContext& context, std::stop_token agent,
                 std::chrono::milliseconds limit)
    : watch_([this, &context, agent = std::move(agent),
              until = std::chrono::steady_clock::now() + limit](std::stop_token done) {
        Watch(std::move(done), context, agent, until, end_);
      }) {}

}  // namespace matic::api
