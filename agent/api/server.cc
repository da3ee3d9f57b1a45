#include "agent/api/server.h"

#include <spdlog/spdlog.h>

#include <condition_variable>
#include <mutex>
#include <stop_token>
#include <thread>

#include "agent/api/grpc_server.h"
#include "agent/api/local_server.h"
#include "agent/api/remote_server.h"

namespace matic::api {
namespace {

// GetStatus lists a certificate that ends soon among the problems.
constexpr std::chrono::hours kExpiryWarning{30 * 24};

// Changes whenever one of the files does.
std::string Fingerprint(const std::vector<std::filesystem::path>& folders) {
  std::string fingerprint;
  for (const auto& folder : folders) {
    for (const char* name : {"ca.pem", "server.pem", "server.key"}) {
      std::error_code failure;
      const auto time = std::filesystem::last_write_time(folder / name, failure);
      fingerprint += failure ? "-" : std::to_string(time.time_since_epoch().count());
      const auto size = std::filesystem::file_size(folder / name, failure);
      fingerprint += failure ? "-;" : " " + std::to_string(size) + ";";
    }
  }
  return fingerprint;
}

bool HasServerFiles(const std::filesystem::path& folder) {
  std::error_code failure;
  return std::filesystem::exists(folder / "server.pem", failure) ||
         std::filesystem::exists(folder / "server.key", failure);
}

// A folder whose files are broken is an error: falling back would trust another authority unasked.
Result<rpc::TlsFiles> LoadFirst(const std::vector<std::filesystem::path>& folders) {
  std::string looked_in;
  for (const auto& folder : folders) {
    if (HasServerFiles(folder)) return rpc::LoadTlsFiles(folder, rpc::Side::kServer);
    looked_in += (looked_in.empty() ? "" : " or ") + folder.string();
  }
  return Fail(ErrorCode::kNotFound,
              "no server.pem in " + looked_in + "; osctl pki issue makes one");
}

}  // namespace

class Server::Servers {
 public:
  Servers(const ApiOptions& options, engine::Engine& engine) : options_(options), engine_(engine) {}

  ~Servers() { Shutdown(); }

  Result<> Start() {
    MATIC_ASSIGN(local_, LocalServer::Start(options_, engine_, [this] { return State(); }));
    spdlog::info("api: serving {}", options_.socket.string());
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
    if (local_) local_->Shutdown(deadline);
  }

  uint16_t tcp_port() const {
    const std::scoped_lock lock(mutex_);
    return port_;
  }

 private:
  ServingState State() const {
    const std::scoped_lock lock(mutex_);
    ServingState state;
    state.certificate_expiry = expiry_;
    if (!problem_.empty()) state.problems.push_back(problem_);
    const WallTime now = std::chrono::system_clock::now();
    if (expiry_ && *expiry_ < now) {
      state.problems.push_back("the server's certificate expired at " + FormatTime(*expiry_));
    } else if (expiry_ && *expiry_ < now + kExpiryWarning) {
      state.problems.push_back("the server's certificate expires at " + FormatTime(*expiry_));
    }
    return state;
  }

  void SetProblem(const std::string& problem) {
    spdlog::warn("api: {}", problem);
    const std::scoped_lock lock(mutex_);
    problem_ = problem;
  }

  // What serves already goes on where the new files cannot be used.
  void StartRemote() {
    auto files = LoadFirst(options_.pki_dirs);
    if (!files) {
      const char* consequence = remote_ ? "the certificates in use stay" : "TCP is not served at ";
      SetProblem(consequence + (remote_ ? "" : options_.listen) + ": " + files.error().message);
      return;
    }
    if (remote_) remote_->Shutdown(std::chrono::system_clock::now() + kShutdownTime);
    remote_.reset();
    auto started =
        RemoteServer::Start(options_.listen, *files, engine_, [this] { return State(); });
    const std::scoped_lock lock(mutex_);
    port_ = 0;
    expiry_.reset();
    problem_.clear();
    if (!started) {
      problem_ = "TCP is not served: " + started.error().message;
      spdlog::warn("api: {}", problem_);
      return;
    }
    remote_ = *std::move(started);
    port_ = remote_->port();
    expiry_ = remote_->certificate_expiry();
    spdlog::info("api: serving {} with a certificate for '{}' that ends {}", options_.listen,
                 files->certificate.common_name, FormatTime(*expiry_));
  }

  void Renew(const std::stop_token& stop) {
    std::unique_lock lock(renewal_mutex_);
    while (true) {
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

  bool HasFiles() const { return LoadFirst(options_.pki_dirs).has_value(); }

  const ApiOptions options_;
  engine::Engine& engine_;
  std::unique_ptr<LocalServer> local_;
  // Used by Start, then by the renewal's thread, then by Shutdown: never by two at once.
  std::unique_ptr<RemoteServer> remote_;
  std::string fingerprint_;

  mutable std::mutex mutex_;  // of what GetStatus reads
  std::optional<WallTime> expiry_;
  std::string problem_;
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
