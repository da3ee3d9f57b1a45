#include "osctl/fleet/node/agent_nodes.h"

#include <functional>
#include <optional>
#include <utility>

#include "lib/base/host_port.h"
#include "osctl/client/client.h"
#include "osctl/fleet/node/ssh_tunnel.h"

namespace matic::fleet {
namespace {

using namespace std::chrono_literals;

constexpr std::chrono::milliseconds kCallTime = 15s;
constexpr std::chrono::milliseconds kTunnelTime = 20s;
// A run may be longer than a certificate lasts, and somebody renews it meanwhile.
constexpr auto kIdentityAge = 1min;

class AgentNode final : public Node {
 public:
  explicit AgentNode(osctl::Endpoint endpoint) : endpoint_(std::move(endpoint)) {}
  AgentNode(const SshAddress& address, ProcessRunner& processes) {
    tunnel_.emplace(address, processes);
  }

  Result<v1::GetStatusResponse> GetStatus() override {
    return Call([](osctl::Client& client) { return client.GetStatus({}); });
  }
  Result<v1::GetHealthResponse> GetHealth(bool refresh, std::chrono::milliseconds limit) override {
    v1::GetHealthRequest request;
    request.set_refresh(refresh);
    return Call([&](osctl::Client& client) { return client.GetHealth(request, limit); });
  }
  Result<v1::PlanUpdateResponse> PlanUpdate(const v1::ScheduleUpdateRequest& update) override {
    v1::PlanUpdateRequest request;
    *request.mutable_update() = update;
    return Call([&](osctl::Client& client) { return client.PlanUpdate(request); });
  }
  Result<v1::Schedule> ScheduleUpdate(const v1::ScheduleUpdateRequest& request) override {
    return ScheduleOf(Call([&](osctl::Client& client) { return client.ScheduleUpdate(request); }));
  }
  Result<v1::Schedule> GetSchedule(const std::string& id) override {
    v1::GetScheduleStatusRequest request;
    request.set_schedule_id(id);
    return ScheduleOf(
        Call([&](osctl::Client& client) { return client.GetScheduleStatus(request); }));
  }
  Result<v1::Schedule> Activate(const std::string& schedule, const std::string& run) override {
    v1::ActivateUpdateRequest request;
    request.set_schedule_id(schedule);
    request.set_run(run);
    return ScheduleOf(Call([&](osctl::Client& client) { return client.ActivateUpdate(request); }));
  }
  Result<v1::Schedule> Cancel(const std::string& schedule, const std::string& reason) override {
    v1::CancelScheduleRequest request;
    request.set_schedule_id(schedule);
    request.set_reason(reason);
    return ScheduleOf(Call([&](osctl::Client& client) { return client.CancelSchedule(request); }));
  }
  Result<> Rollback(const v1::TriggerRollbackRequest& request) override {
    MATIC_TRY(Call([&](osctl::Client& client) { return client.TriggerRollback(request); }));
    return {};
  }
  Result<> Reboot(const std::string& reason) override {
    MATIC_ASSIGN(osctl::Client * client, Connect());
    v1::RebootRequest request;
    request.set_reason(reason);
    MATIC_TRY(client->Reboot(request));
    return {};
  }
  Result<> AcquireLease(const v1::AcquireLeaseRequest& request) override {
    MATIC_TRY(Call([&](osctl::Client& client) { return client.AcquireLease(request); }));
    return {};
  }
  Result<> ReleaseLease(const std::string& run) override {
    v1::ReleaseLeaseRequest request;
    request.set_run(run);
    MATIC_TRY(Call([&](osctl::Client& client) { return client.ReleaseLease(request); }));
    return {};
  }
  Result<v1::StopRunResponse> StopRun(const std::string& run, bool revert) override {
    v1::StopRunRequest request;
    request.set_run(run);
    request.set_revert(revert);
    return Call([&](osctl::Client& client) { return client.StopRun(request); });
  }

 private:
  template <typename Response>
  static Result<v1::Schedule> ScheduleOf(Result<Response> response) {
    if (!response) return Fail(std::move(response).error());
    return std::move(*response->mutable_schedule());
  }

  // `work` gets a client, and returns a Result.
  template <typename Work>
  auto Call(const Work& work) -> decltype(work(std::declval<osctl::Client&>())) {
    MATIC_ASSIGN(osctl::Client * client, Connect());
    auto answer = work(*client);
    if (!answer && tunnel_ && answer.error().code == ErrorCode::kUnavailable) {
      return Fail(ErrorCode::kUnavailable, tunnel_->WhyNoAnswer());
    }
    return answer;
  }

  // A tunnel may have ended since the last call; its socket is a new one then, and the client finds
  // that out by itself.
  Result<osctl::Client*> Connect() {
    if (tunnel_) {
      MATIC_ASSIGN(const std::filesystem::path socket, tunnel_->Open(kTunnelTime));
      endpoint_.socket = socket.string();
    }
    if (!client_) {
      MATIC_ASSIGN(client_, osctl::Client::Make(endpoint_));
    }
    return client_.get();
  }

  osctl::Endpoint endpoint_{.call_time = kCallTime};
  std::optional<SshTunnel> tunnel_;
  std::unique_ptr<osctl::Client> client_;
};

}  // namespace

Result<std::unique_ptr<Node>> AgentNodes::Open(const Address& address) {
  if (const auto* ssh = std::get_if<SshAddress>(&address)) {
    return std::make_unique<AgentNode>(*ssh, processes_);
  }
  osctl::Endpoint endpoint{.pki_dir = pki_dir_, .call_time = kCallTime};
  if (const auto* local = std::get_if<LocalAddress>(&address)) {
    endpoint.socket = local->socket;
  } else {
    const auto& tls = std::get<TlsAddress>(address);
    endpoint.node = HostPort{tls.host, tls.port}.ToString();
    endpoint.identity = Identity();
  }
  return std::make_unique<AgentNode>(std::move(endpoint));
}

std::shared_ptr<const osctl::Identity> AgentNodes::Identity() {
  const std::scoped_lock lock(mutex_);
  const auto now = std::chrono::steady_clock::now();
  if (identity_ && now - read_ < kIdentityAge) return identity_;
  const auto read = osctl::LoadIdentity(pki_dir_);
  identity_ = read ? *read : nullptr;
  read_ = now;
  return identity_;
}

}  // namespace matic::fleet
