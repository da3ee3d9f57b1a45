#include "lib/rpc/channel.h"

#include <fcntl.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/create_channel_posix.h>
#include <grpcpp/security/credentials.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cerrno>
#include <cstring>

#include "lib/base/unique_fd.h"

namespace matic::rpc {
namespace {

grpc::ChannelArguments CommonArguments() {
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(kMaxMessageBytes);
  arguments.SetMaxSendMessageSize(kMaxMessageBytes);
  // A node is reached directly; what http_proxy says is meant for downloads.
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  return arguments;
}

Error ConnectError(const std::filesystem::path& socket, int error_number) {
  Error error = OsError("cannot connect to " + socket.string(), error_number);
  if (error.code == ErrorCode::kIo) error.code = ErrorCode::kUnavailable;
  return error;
}

Result<UniqueFd> Connect(const std::filesystem::path& socket_path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string path = socket_path.string();
  if (path.empty() || path.size() >= sizeof(address.sun_path)) {
    return Fail(ErrorCode::kInvalidArgument, "socket path '" + path + "' is empty or longer than " +
                                                 std::to_string(sizeof(address.sun_path) - 1) +
                                                 " bytes");
  }
  std::memcpy(address.sun_path, path.data(), path.size());
  UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!fd.valid()) return Fail(OsError("socket", errno));
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
    return Fail(ConnectError(socket_path, errno));
  }
  const int flags = ::fcntl(fd.get(), F_GETFL);
  if (flags < 0 || ::fcntl(fd.get(), F_SETFL, flags | O_NONBLOCK) != 0) {
    return Fail(OsError("fcntl " + path, errno));
  }
  return fd;
}

}  // namespace

Result<std::shared_ptr<grpc::Channel>> OpenUnixChannel(const std::filesystem::path& socket) {
  MATIC_ASSIGN(UniqueFd fd, Connect(socket));
  return grpc::CreateCustomInsecureChannelFromFd("localhost", fd.Release(), CommonArguments());
}

std::shared_ptr<grpc::Channel> OpenTlsChannel(const HostPort& address, const TlsFiles& files) {
  grpc::SslCredentialsOptions options;
  options.pem_root_certs = files.ca_pem;
  options.pem_cert_chain = files.certificate_pem;
  options.pem_private_key = files.key_pem;
  grpc::ChannelArguments arguments = CommonArguments();
  // A node that loses its power while it is watched closes no connection; pings notice.
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, 10'000);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 5'000);
  arguments.SetInt(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
  // Limits one attempt to connect, TLS handshake included; gRPC's own 20 s are long for a node that
  // is back from a reboot.
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 10'000);
  // A failed attempt's wait keeps gRPC from ending for as long (rpc::Runtime).
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 100);
  // Else a new channel to the same node would inherit an old one's wait after a failure.
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  return grpc::CreateCustomChannel("dns:///" + address.ToString(), grpc::SslCredentials(options),
                                   arguments);
}

}  // namespace matic::rpc
