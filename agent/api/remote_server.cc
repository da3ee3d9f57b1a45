#include "agent/api/remote_server.h"

#include <grpc/grpc_security_constants.h>
#include <grpcpp/security/server_credentials.h>

#include "agent/api/grpc_server.h"
#include "lib/base/utf8.h"
#include "lib/rpc/certificate.h"

namespace matic::api {
namespace {

// "ipv4:10.0.2.2:4242" and "ipv6:%5B::1%5D:4242", as gRPC names peers, without kind and port.
std::string PeerHost(const std::string& peer) {
  size_t begin = peer.find(':');
  begin = begin == std::string::npos ? 0 : begin + 1;
  const size_t end = peer.rfind(':');
  std::string host =
      peer.substr(begin, end == std::string::npos || end < begin ? end : end - begin);
  if (host.starts_with("%5B") && host.ends_with("%5D")) host = host.substr(3, host.size() - 6);
  return host;
}

// A name that cannot forge a log line.
std::string Printable(const std::string& name) {
  std::string text = ToUtf8(name, 64);
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = '?';
  }
  return text.empty() ? "nameless" : text;
}

Identity IdentifyCall(const grpc::ServerContext& context) {
  const auto certificates =
      context.auth_context()->FindPropertyValues(GRPC_X509_PEM_CERT_PROPERTY_NAME);
  if (certificates.size() != 1) return Identity{std::nullopt, "a caller without a certificate"};
  return IdentifyCertificate({certificates[0].data(), certificates[0].size()}, context.peer());
}

}  // namespace

Identity IdentifyCertificate(const std::string& certificate_pem, const std::string& peer) {
  const std::string from = " (" + PeerHost(peer) + ")";
  auto certificate = rpc::ParseCertificate(certificate_pem);
  if (!certificate) return Identity{std::nullopt, "an unreadable certificate" + from};
  const std::string name = Printable(certificate->common_name);
  const std::optional<rpc::Role> role = certificate->role();
  if (!role) return Identity{std::nullopt, name + from};
  return Identity{role, std::string(rpc::RoleName(*role)) + " " + name + from};
}

struct RemoteServer::Parts {
  WallTime certificate_expiry;
  std::unique_ptr<NodeService> service;
  std::unique_ptr<grpc::Server> server;
  int port = 0;
};

Result<std::unique_ptr<RemoteServer>> RemoteServer::Start(
    const std::string& listen, const rpc::TlsFiles& files, engine::Engine& engine,
    std::function<ServingState()> serving_state) {
  grpc::SslServerCredentialsOptions tls(GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
  tls.pem_root_certs = files.ca_pem;
  tls.pem_key_cert_pairs.push_back({files.key_pem, files.certificate_pem});

  auto parts = std::make_unique<Parts>();
  parts->certificate_expiry = files.certificate.not_after;
  parts->service = std::make_unique<NodeService>(engine, IdentifyCall, std::move(serving_state));
  grpc::ServerBuilder builder;
  Prepare(builder, *parts->service);
  builder.AddListeningPort(listen, grpc::SslServerCredentials(tls), &parts->port);
  parts->server = builder.BuildAndStart();
  if (!parts->server || parts->port == 0) {
    return Fail(ErrorCode::kUnavailable,
                "cannot listen at " + listen + ": the address is taken or is not this machine's");
  }
  return std::unique_ptr<RemoteServer>(new RemoteServer(std::move(parts)));
}

RemoteServer::RemoteServer(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

RemoteServer::~RemoteServer() { Shutdown(std::chrono::system_clock::now() + kShutdownTime); }

uint16_t RemoteServer::port() const { return static_cast<uint16_t>(parts_->port); }

WallTime RemoteServer::certificate_expiry() const { return parts_->certificate_expiry; }

void RemoteServer::Shutdown(std::chrono::system_clock::time_point deadline) {
  api::Shutdown(*parts_->server, *parts_->service, deadline);
}

}  // namespace matic::api
