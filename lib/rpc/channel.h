// Connections to a node's agent: its unix socket on this machine, mutual TLS from elsewhere.
#pragma once

#include <grpcpp/channel.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

#include "lib/base/result.h"
#include "lib/rpc/tls_files.h"

namespace matic::rpc {

// The largest message that either side sends or takes.
inline constexpr int kMaxMessageBytes = 1024 * 1024;

inline constexpr uint16_t kDefaultPort = 50051;

struct HostPort {
  std::string host;  // a name, an IPv4 address, or an IPv6 address without brackets
  uint16_t port = kDefaultPort;

  // As gRPC and people write it: an IPv6 address gets its brackets.
  std::string ToString() const;
};

// "edge-7", "edge-7:50052", "10.0.2.15", "[fe80::1]:50051", "fe80::1". kInvalidArgument else.
Result<HostPort> ParseHostPort(std::string_view text);

// Connects at once, so that what is wrong with the socket is said in the system's words: kNotFound,
// kPermission or kUnavailable. The channel does not reconnect.
Result<std::shared_ptr<grpc::Channel>> OpenUnixChannel(const std::filesystem::path& socket);

// Connects at the first call. The node's certificate must be signed by the CA and name
// `address.host`.
std::shared_ptr<grpc::Channel> OpenTlsChannel(const HostPort& address, const TlsFiles& files);

}  // namespace matic::rpc
