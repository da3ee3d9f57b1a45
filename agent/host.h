// What an agent has to do with its machine: the backend, and where its updates come from.
#pragma once

#include <memory>
#include <string_view>

#include "agent/config/config.h"
#include "agent/engine/backend.h"
#include "agent/engine/engine.h"
#include "agent/engine/source_resolver.h"
#include "agent/engine/step_log.h"
#include "agent/metrics/traffic.h"
#include "lib/base/result.h"
#include "lib/base/time.h"
#include "lib/os/clock.h"
#include "lib/os/process_runner.h"

namespace matic {

class Host {
 public:
  virtual ~Host() = default;
  virtual std::string_view name() const = 0;
  virtual engine::Backend& backend() = 0;
  virtual engine::SourceResolver& resolver() = 0;
  // The clock was never before.
  virtual WallTime TimeFloor() const = 0;
  // Thread-safe. kRefused names who changes the machine's system just now, beside the agent.
  virtual Result<> SwitchLock() const { return {}; }
  // Thread-safe; for what begins from now on.
  virtual void Configure(const config::Config& config) = 0;
  // What it does by itself while the agent serves.
  virtual void Start(engine::Engine&) {}
  virtual void Stop() {}
};

// All outlive the host.
struct HostServices {
  ProcessRunner& processes;
  Clock& clock;
  metrics::Traffic& traffic;
  engine::StepLog& steps;
};

// The disk of `config`, with its slots.
Result<std::unique_ptr<Host>> MakeAbHost(const config::Config& config,
                                         const HostServices& services);
std::unique_ptr<Host> MakeNixosHost(const config::Config& config, const HostServices& services);

// The time when this program was released.
WallTime ReleaseTime();

}  // namespace matic
