// gRPC's start and end in a program.
#pragma once

namespace matic::rpc {

// A program that uses gRPC keeps one around everything of gRPC's. Without it gRPC's threads are
// still ending while the process exits, and meet an OpenSSL whose exit handler has freed what they
// use: a crash after the work is done (https://github.com/grpc/grpc/issues/38539; gRPC 1.83 leaves
// the handler out by itself).
class Runtime {
 public:
  Runtime();
  // The last one returns when gRPC's threads are through, after 5 s at the latest.
  ~Runtime();
  Runtime(const Runtime&) = delete;
  Runtime& operator=(const Runtime&) = delete;
};

}  // namespace matic::rpc
