// fleet-sim-nodes: simulated machines for tests, demos and benchmarks of osctl fleet, many in one
// process. The first line it prints is a JSON object with their names and addresses. Then it takes
// lines from its standard input: "web-3=sick" breaks a machine ("web-3=none" mends it), "report"
// prints a JSON object with what has happened to each. It ends where its standard input does.
#include <grpc/grpc_security_constants.h>
#include <grpcpp/grpcpp.h>
#include <grpcpp/security/server_credentials.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <vector>

#include "lib/rpc/channel.h"
#include "lib/rpc/runtime.h"
#include "lib/rpc/tls_files.h"
#include "tests/fleet/node_service.h"

namespace matic::fleetsim {
namespace {

using nlohmann::json;

struct Options {
  int count = 3;
  std::string prefix = "web-";
  std::filesystem::path pki;
  std::filesystem::path sockets;
  uint32_t stage_ms = 1000;
  uint32_t reboot_ms = 1000;
  uint32_t trial_ms = 1000;
  uint32_t slow_ms = 2000;
  std::vector<std::string> faults;
};

struct Served {
  std::unique_ptr<NodeService> service;
  std::unique_ptr<grpc::Server> server;
  std::string address;  // as fleet.yaml takes it
};

Result<std::shared_ptr<grpc::ServerCredentials>> Credentials(const Options& options) {
  if (options.pki.empty()) return grpc::InsecureServerCredentials();
  MATIC_ASSIGN(const rpc::TlsFiles files, rpc::LoadTlsFiles(options.pki, rpc::Side::kServer));
  grpc::SslServerCredentialsOptions tls(GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
  tls.pem_root_certs = files.ca_pem;
  tls.pem_key_cert_pairs.push_back({files.key_pem, files.certificate_pem});
  return grpc::SslServerCredentials(tls);
}

Result<Served> Serve(const Options& options, const std::string& name,
                     const std::shared_ptr<grpc::ServerCredentials>& credentials) {
  using std::chrono::milliseconds;
  const Pace pace{milliseconds(options.stage_ms), milliseconds(options.reboot_ms),
                  milliseconds(options.trial_ms)};
  Served served;
  served.service = std::make_unique<NodeService>(name, pace, milliseconds(options.slow_ms));
  grpc::ServerBuilder builder;
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  builder.SetMaxReceiveMessageSize(rpc::kMaxMessageBytes);
  builder.RegisterService(served.service.get());
  int port = 0;
  std::string socket;
  if (options.pki.empty()) {
    socket = std::filesystem::absolute(options.sockets / (name + ".sock")).string();
    std::filesystem::remove(socket);
    builder.AddListeningPort("unix:" + socket, credentials, &port);
  } else {
    builder.AddListeningPort("127.0.0.1:0", credentials, &port);
  }
  served.server = builder.BuildAndStart();
  if (!served.server || port == 0) {
    return Fail(ErrorCode::kUnavailable, name + ": cannot listen " + socket);
  }
  served.address = socket.empty() ? "127.0.0.1:" + std::to_string(port) : "unix://" + socket;
  return served;
}

class Fleet {
 public:
  Result<> Start(const Options& options) {
    MATIC_ASSIGN(const auto credentials, Credentials(options));
    for (int i = 1; i <= options.count; ++i) {
      MATIC_ASSIGN(Served served, Serve(options, options.prefix + std::to_string(i), credentials));
      nodes_.push_back(std::move(served));
    }
    for (const std::string& fault : options.faults) MATIC_TRY(Order(fault));
    return {};
  }

  json Addresses() {
    json list = json::array();
    for (const Served& node : nodes_) {
      const std::string name =
          node.service->With([](const SimulatedNode& simulated) { return simulated.name(); });
      list.push_back({{"name", name}, {"address", node.address}});
    }
    return {{"nodes", std::move(list)}};
  }

  json Report() {
    json list = json::array();
    for (const Served& node : nodes_) {
      list.push_back(node.service->With([](SimulatedNode& simulated) -> json {
        simulated.Advance(std::chrono::steady_clock::now());
        const Counts& counts = simulated.counts();
        return {{"name", simulated.name()},
                {"fault", FaultName(simulated.fault())},
                {"version", simulated.running_version()},
                {"digest", simulated.running_digest()},
                {"held_by", simulated.holder()},
                {"newest", v1::ScheduleState_Name(simulated.newest_state())},
                {"staged", counts.staged},
                {"activated", counts.activated},
                {"reboots", counts.reboots},
                {"went_back", counts.went_back},
                {"unanswered", counts.unanswered}};
      }));
    }
    return {{"nodes", std::move(list)}};
  }

  // "web-3=sick"
  Result<> Order(const std::string& text) {
    const size_t equals = text.find('=');
    const auto fault =
        equals == std::string::npos ? std::nullopt : ParseFault(text.substr(equals + 1));
    if (!fault) {
      return Fail(ErrorCode::kInvalidArgument,
                  "'" + text +
                      "' is not NAME=FAULT with one of none, offline, slow, sick, unhealthy, "
                      "dies, old-system, staging-fails");
    }
    for (const Served& node : nodes_) {
      const bool found = node.service->With([&](SimulatedNode& simulated) {
        if (simulated.name() != text.substr(0, equals)) return false;
        simulated.Advance(std::chrono::steady_clock::now());
        simulated.SetFault(*fault);
        return true;
      });
      if (found) return {};
    }
    return Fail(ErrorCode::kInvalidArgument,
                "there is no machine '" + text.substr(0, equals) + "'");
  }

 private:
  std::vector<Served> nodes_;
};

void TakeOrders(Fleet& fleet) {
  std::string line;
  while (std::getline(std::cin, line)) {
    if (line == "report") {
      std::cout << fleet.Report().dump() << std::endl;
    } else if (const Result<> done = fleet.Order(line); done) {
      std::cout << json({{"done", line}}).dump() << std::endl;
    } else {
      std::cout << json({{"error", done.error().message}}).dump() << std::endl;
    }
  }
}

// Two descriptors a machine, and more than the shell's limit of 1024.
void RaiseDescriptorLimit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

int Main(int argc, char** argv) {
  Options options;
  CLI::App app("Simulated machines for osctl fleet");
  app.add_option("count", options.count, "Machines")->required()->check(CLI::Range(1, 20000));
  app.add_option("--prefix", options.prefix, "Of their names [web-]");
  auto* pki = app.add_option("--pki", options.pki, "Folder of ca.pem, server.pem and server.key");
  auto* sockets = app.add_option("--sockets", options.sockets, "Unix sockets in that folder");
  sockets->excludes(pki);
  app.add_option("--stage-ms", options.stage_ms, "Until an update is staged [1000]");
  app.add_option("--reboot-ms", options.reboot_ms, "How long a reboot takes [1000]");
  app.add_option("--trial-ms", options.trial_ms, "Until a system is confirmed [1000]");
  app.add_option("--slow-ms", options.slow_ms, "A slow machine's time for an answer [2000]");
  app.add_option("--fault", options.faults, "NAME=FAULT; may be given again");
  CLI11_PARSE(app, argc, argv);
  if (options.pki.empty() == options.sockets.empty()) {
    std::cerr << "fleet-sim-nodes: --pki or --sockets\n";
    return 2;
  }
  RaiseDescriptorLimit();
  const rpc::Runtime runtime;
  Fleet fleet;
  if (const Result<> started = fleet.Start(options); !started) {
    std::cerr << "fleet-sim-nodes: " << started.error().message << '\n';
    return 1;
  }
  std::cout << fleet.Addresses().dump() << std::endl;
  TakeOrders(fleet);
  return 0;
}

}  // namespace
}  // namespace matic::fleetsim

int main(int argc, char** argv) { return matic::fleetsim::Main(argc, argv); }
