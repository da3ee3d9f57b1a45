#include "agent/api/server.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <stop_token>
#include <thread>

#include "agent/api/grpc_server.h"
#include "agent/api/local_server.h"
#include "agent/api/remote_server.h"
#include "agent/api/revocation_memory.h"
#include "agent/api/server_certificates.h"

namespace matic::api {
class Server::Servers {
 public:
  Servers(const ApiOptions& options, engine::Engine& engine)
      : options_(options),
        engine_(engine),
        audit_(options.audit_file),
        revocations_(options.revocation_file) {}

  ~Servers() { Shutdown(); }

  Result<> Start() {
    const LocalEndpoint everything{options_.socket, options_.socket_group, 0660, rpc::Role::kAdmin};
    MATIC_ASSIGN(local_,
                 LocalServer::Start(everything, engine_, audit_, [this] { return State(); }));
    spdlog::info("api: serving {}", options_.socket.string());
    if (!options_.reader_socket.empty()) StartForReaders();
    if (options_.listen.empty()) return {};
    fingerprint_ = Fingerprint(options_.pki_dirs);
    StartRemote();
    renewal_ = std::jthread([this](const std::stop_token& stop) { Renew(stop); });
    return {};
  }

  void Shutdown() {
    renewal_.request_stop();
    if (renewal_.joinable()) renewal_.join();
    const auto deadline = std::chrono::system_clock::now() + kShutdownTime;
    if (remote_) remote_->Shutdown(deadline);
    if (readers_) readers_->Shutdown(deadline);
    if (local_) local_->Shutdown(deadline);
  }

  uint16_t tcp_port() const {
    const std::scoped_lock lock(mutex_);
    return port_;
  }

 private:
  ServingState State() const {
    ServingState state;
    state.channel = options_.channel();
    const std::scoped_lock lock(mutex_);
    if (files_) {
      state.certificate_expiry = files_->certificate.not_after;
      state.problems = CertificateProblems();
    }
    state.problems.insert(state.problems.end(), revocation_problems_.begin(),
                          revocation_problems_.end());
    for (const std::string& problem : {problem_, readers_problem_, audit_.problem()}) {
      if (!problem.empty()) state.problems.push_back(problem);
    }
    return state;
  }

  // Of those in use.
  std::vector<std::string> CertificateProblems() const {
    std::vector<std::string> problems = EndingProblems(*files_, std::chrono::system_clock::now());
    if (std::string problem = KeyProblem(options_.pki_dirs); !problem.empty()) {
      problems.push_back(std::move(problem));
    }
    return problems;
  }

  // Without it everything else works, so it is no reason not to start.
  void StartForReaders() {
    const LocalEndpoint looking{options_.reader_socket, options_.reader_socket_group,
                                options_.reader_socket_mode, rpc::Role::kReader};
    auto started = LocalServer::Start(looking, engine_, audit_, [this] { return State(); });
    if (!started) {
      readers_problem_ = "there is no socket for readers: " + started.error().message;
      spdlog::warn("api: {}", readers_problem_);
      return;
    }
    readers_ = *std::move(started);
    spdlog::info("api: serving {} to readers", options_.reader_socket.string());
  }

  void SetProblem(const std::string& problem) {
    spdlog::warn("api: {}", problem);
    const std::scoped_lock lock(mutex_);
    problem_ = problem;
  }

  // With the revocation list that is in force, which need not be the one beside them.
  Result<rpc::TlsFiles> LoadFiles() {
    MATIC_ASSIGN(auto files, rpc::LoadServerFiles(options_.pki_dirs));
    std::vector<std::string> problems;
    MATIC_ASSIGN(files.revoked, revocations_.InForce(files.revoked, files.ca_pem, problems));
    for (const std::string& problem : problems) spdlog::warn("api: {}", problem);
    const std::scoped_lock lock(mutex_);
    revocation_problems_ = std::move(problems);
    return files;
  }

  // What serves already goes on where the new files cannot be used.
  void StartRemote() {
    auto files = LoadFiles();
    if (!files) {
      const char* consequence = remote_ ? "the certificates in use stay" : "TCP is not served at ";
      SetProblem(consequence + (remote_ ? "" : options_.listen) + ": " + files.error().message);
      return;
    }
    if (remote_) remote_->Shutdown(std::chrono::system_clock::now() + kShutdownTime);
    remote_.reset();
    auto started =
        RemoteServer::Start(options_.listen, *files, engine_, audit_, [this] { return State(); });
    const std::scoped_lock lock(mutex_);
    port_ = 0;
    files_.reset();
    problem_.clear();
    if (!started) {
      problem_ = "TCP is not served: " + started.error().message;
      spdlog::warn("api: {}", problem_);
      return;
    }
    remote_ = *std::move(started);
    port_ = remote_->port();
    files_ = *std::move(files);
    spdlog::info("api: serving {} with a certificate for '{}' that ends {}; {} are revoked",
                 options_.listen, files_->certificate.common_name,
                 FormatTime(files_->certificate.not_after), files_->revoked.entries().size());
  }

  // Each once, not at every look.
  void WarnOfEndings() {
    const std::scoped_lock lock(mutex_);
    std::vector<std::string> problems;
    if (files_) problems = CertificateProblems();
    for (const std::string& problem : problems) {
      if (std::ranges::find(warned_of_, problem) == warned_of_.end()) {
        spdlog::warn("api: {}", problem);
      }
    }
    warned_of_ = std::move(problems);
  }

  void Renew(const std::stop_token& stop) {
    std::unique_lock lock(renewal_mutex_);
    while (true) {
      WarnOfEndings();
      renewal_wait_.wait_for(lock, stop, options_.pki_check_interval, [] { return false; });
      if (stop.stop_requested()) return;
      std::string fingerprint = Fingerprint(options_.pki_dirs);
      const bool changed = fingerprint != fingerprint_;
      fingerprint_ = std::move(fingerprint);
      // A port that was taken may be free by now.
      const bool port_missing = !remote_ && HasFiles();
      if (changed || port_missing) StartRemote();
    }
  }

  bool HasFiles() const { return rpc::LoadServerFiles(options_.pki_dirs).has_value(); }

  const ApiOptions options_;
  engine::Engine& engine_;
  AuditLog audit_;
  std::unique_ptr<LocalServer> local_;
  std::unique_ptr<LocalServer> readers_;
  std::string readers_problem_;
  // Used by Start, then by the renewal's thread, then by Shutdown: never by two at once.
  std::unique_ptr<RemoteServer> remote_;
  std::string fingerprint_;
  RevocationMemory revocations_;

  mutable std::mutex mutex_;            // of what GetStatus reads
  std::optional<rpc::TlsFiles> files_;  // in use
  std::vector<std::string> warned_of_;
  std::string problem_;
  std::vector<std::string> revocation_problems_;
  uint16_t port_ = 0;

  std::mutex renewal_mutex_;
  std::condition_variable_any renewal_wait_;
  std::jthread renewal_;
};

Result<std::unique_ptr<Server>> Server::Start(const ApiOptions& options, engine::Engine& engine) {
  RedirectGrpcLog();
  auto servers = std::make_unique<Servers>(options, engine);
  MATIC_TRY(servers->Start());
  return std::unique_ptr<Server>(new Server(std::move(servers)));
}

Server::Server(std::unique_ptr<Servers> servers) : servers_(std::move(servers)) {}

Server::~Server() = default;

void Server::Shutdown() { servers_->Shutdown(); }

uint16_t Server::tcp_port() const { return servers_->tcp_port(); }

}  // namespace matic::api
