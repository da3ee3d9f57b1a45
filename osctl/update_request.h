// The options that say what an update is, of the commands that make or predict one.
#pragma once

#include <string>
#include <vector>

#include "lib/base/result.h"
#include "matic/v1/node.pb.h"
#include "osctl/timing.h"

namespace CLI {
class App;
}

namespace matic::osctl {

struct UpdateOptions {
  std::string source;
  std::string flake;
  std::string store_path;
  std::string mode;
  std::vector<std::string> inputs;
  bool no_reboot = false;
  std::string sha256;
  bool enable_auto_rollback = false;
  uint32_t health_check_timeout = 0;
  bool stop_after_staging = false;
  std::vector<std::string> force;
  std::string request_id;
  TimingOptions timing;
  std::vector<std::string> pre_hooks;
  std::vector<std::string> post_hooks;
  std::vector<std::string> rollback_hooks;
  std::string comment;
};

// `options` must outlive `command`.
void AddUpdateOptions(CLI::App& command, UpdateOptions& options);

// kInvalidArgument names the option and what is wrong with it, before a node is asked.
Result<v1::ScheduleUpdateRequest> ToRequest(const UpdateOptions& options);

}  // namespace matic::osctl
