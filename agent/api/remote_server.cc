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

Identity IdentifyCall(const grpc::ServerContext& context, const rpc::RevocationList& revoked) {
  const auto certificates =
      context.auth_context()->FindPropertyValues(GRPC_X509_PEM_CERT_PROPERTY_NAME);
  if (certificates.size() != 1) return Identity{.description = "a caller without a certificate"};
  return IdentifyCertificate({certificates[0].data(), certificates[0].size()}, context.peer(),
                             revoked, std::chrono::system_clock::now());
}

std::string WhyNoRole(const rpc::CertificateInfo& certificate, const rpc::RevocationList& revoked,
                      WallTime now) {
  if (const auto since = revoked.RevokedSince(certificate)) {
    return "the certificate " + certificate.serial + " was revoked at " + FormatTime(*since);
  }
  if (certificate.not_after < now) {
    return "the certificate " + certificate.serial + " expired at " +
           FormatTime(certificate.not_after);
  }
  return "";
}

}  // namespace

Identity IdentifyCertificate(const std::string& certificate_pem, const std::string& peer,
                             const rpc::RevocationList& revoked, WallTime now) {
  Identity who;
  who.from = PeerHost(peer);
  const std::string from = " (" + who.from + ")";
  auto certificate = rpc::ParseCertificate(certificate_pem);
  if (!certificate) {
    who.description = "an unreadable certificate" + from;
    return who;
  }
  who.name = Printable(certificate->common_name);
  who.certificate = certificate->serial;
  who.why_no_role = WhyNoRole(*certificate, revoked, now);
  if (who.why_no_role.empty()) who.role = certificate->role();
  who.description = (who.role ? std::string(rpc::RoleName(*who.role)) + " " : "") + who.name + from;
  return who;
}

struct RemoteServer::Parts {
  std::unique_ptr<NodeService> service;
  std::unique_ptr<grpc::Server> server;
  int port = 0;
};

Result<std::unique_ptr<RemoteServer>> RemoteServer::Start(
    const std::string& listen, const rpc::TlsFiles& files, engine::Engine& engine, AuditLog& audit,
    std::function<ServingState()> serving_state) {
  grpc::SslServerCredentialsOptions tls(GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
  tls.pem_root_certs = files.ca_pem;
  tls.pem_key_cert_pairs.push_back({files.key_pem, files.certificate_pem});

  auto parts = std::make_unique<Parts>();
  parts->service = std::make_unique<NodeService>(
      engine, audit,
      [revoked = files.revoked](const grpc::ServerContext& context) {
        return IdentifyCall(context, revoked);
      },
      std::move(serving_state),
      // The kernel does it: gRPC sets TCP_USER_TIMEOUT to the keepalive's timeout.
      [](const std::string&) {});
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

void RemoteServer::Shutdown(std::chrono::system_clock::time_point deadline) {
  api::Shutdown(*parts_->server, *parts_->service, deadline);
}

}  // namespace matic::api
