#include "lib/rpc/runtime.h"

#include <absl/synchronization/mutex.h>
#include <grpc/grpc.h>
#include <openssl/ssl.h>

#include <atomic>
#include <chrono>
#include <thread>

namespace matic::rpc {
namespace {

using namespace std::chrono_literals;

// A connection attempt that was given up ends in the background, and holds gRPC until then.
constexpr auto kLongestWait = 5s;

std::atomic<int> runtimes = 0;

}  // namespace

Runtime::Runtime() {
  // For a thread that is late all the same. Has no effect where OpenSSL is in use already.
  OPENSSL_init_ssl(OPENSSL_INIT_NO_ATEXIT, nullptr);
  // Where Abseil was built with its checks, as Debian's is, it keeps the order of all locks of
  // gRPC.
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
  ++runtimes;
  grpc_init();
}

Runtime::~Runtime() {
  grpc_shutdown();
  // Those that are left keep gRPC's threads, and wait for their end.
  if (--runtimes > 0) return;
  const auto deadline = std::chrono::steady_clock::now() + kLongestWait;
  while (grpc_is_initialized() != 0 && std::chrono::steady_clock::now() < deadline) {
    std::this_thread::sleep_for(1ms);
  }
}

}  // namespace matic::rpc
