#include "agent/host.h"
#include "agent/nixos/flake_resolver.h"
#include "agent/nixos/golden_keeper.h"
#include "agent/nixos/nixos_backend.h"
#include "agent/nixos/switch_lock.h"

namespace matic {
namespace {

nixos::NixosOptions OptionsOf(const config::Config& config) {
  return {.settings = config.nixos,
          .host_name = config.name,
          .state_dir = config.state_dir,
          .work_dir = config.api.socket.parent_path(),
          .environment = nixos::NixEnvironment(config.state_dir / "nixos" / "home")};
}

class NixosHost final : public Host {
 public:
  NixosHost(const config::Config& config, const HostServices& services)
      : clock_(services.clock),
        resolver_(OptionsOf(config).source()),
        backend_(OptionsOf(config), services.processes, services.steps, services.clock),
        golden_after_(config.nixos.golden_after),
        switch_lock_(OptionsOf(config).paths().switch_lock) {}

  std::string_view name() const override { return "nixos"; }
  engine::Backend& backend() override { return backend_; }
  engine::SourceResolver& resolver() override { return resolver_; }
  WallTime TimeFloor() const override { return ReleaseTime(); }

  Result<> SwitchLock() const override { return nixos::CheckSwitchLock(switch_lock_); }

  void Configure(const config::Config& config) override {
    resolver_.Configure(OptionsOf(config).source());
    backend_.Configure(config.nixos);
    golden_after_ = config.nixos.golden_after;
    if (golden_) golden_->Configure(golden_after_);
  }

  void Start(engine::Engine& engine) override {
    golden_.emplace(
        backend_,
        [&engine] {
          const Result<health::Report> report = engine.GetHealth(/*refresh=*/true, {});
          return report && report->State() != health::HealthState::kUnhealthy;
        },
        clock_);
    golden_->Configure(golden_after_);
    golden_->Start();
  }
  void Stop() override { golden_.reset(); }

 private:
  Clock& clock_;
  nixos::FlakeResolver resolver_;
  nixos::NixosBackend backend_;
  std::chrono::seconds golden_after_;
  const std::filesystem::path switch_lock_;
  std::optional<nixos::GoldenKeeper> golden_;
};

}  // namespace

std::unique_ptr<Host> MakeNixosHost(const config::Config& config, const HostServices& services) {
  return std::make_unique<NixosHost>(config, services);
}

}  // namespace matic
