// Connections to a node's agent: its unix socket on this machine, mutual TLS from elsewhere.
#pragma once

#include <grpcpp/channel.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

#include "lib/base/host_port.h"
#include "lib/base/result.h"
#include "lib/rpc/tls_files.h"

namespace matic::rpc {

// The largest message that either side sends or takes.
inline constexpr int kMaxMessageBytes = 1024 * 1024;

// Of agents, where none is named.
inline constexpr uint16_t kDefaultPort = 50051;

// Connects at once, so that what is wrong with the socket is said in the system's words: kNotFound,
// kPermission or kUnavailable. The channel does not reconnect.
Result<std::shared_ptr<grpc::Channel>> OpenUnixChannel(const std::filesystem::path& socket);

// Connects at the first call. The node's certificate must be signed by the CA and name
// `address.host`.
std::shared_ptr<grpc::Channel> OpenTlsChannel(const HostPort& address, const TlsFiles& files);

}  // namespace matic::rpc
