// matic-agent: does what its arguments ask for, or serves until it is told to stop.
#include <malloc.h>
#include <sys/resource.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <memory>

#include "agent/agent.h"
#include "agent/config/config.h"
#include "agent/config_files.h"
#include "agent/log.h"
#include "agent/notices/try_channels.h"
#include "agent/signals.h"
#include "lib/channels/channel_settings.h"
#include "lib/completion/completion.h"
#include "lib/notify/curl_transport.h"
#include "lib/os/checked_process_runner.h"
#include "lib/os/clock.h"
#include "lib/os/process_runner.h"

namespace matic {
namespace {

struct Arguments {
  std::vector<std::filesystem::path> config_files;
  bool check_config = false;
  bool test_notification = false;
  bool rollback = false;
  std::string reason;
  std::string shell;  // print the completion script for it
};

// A caller that is not even known yet takes a descriptor, and the agent needs some to do its work.
void RaiseFileLimit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = std::min<rlim_t>(limit.rlim_max, 65536);
  (void)::setrlimit(RLIMIT_NOFILE, &limit);
}

Result<> TestNotification(const config::Config& config) {
  if (config.notifications.channels.empty()) {
    return Fail(ErrorCode::kNotFound, "no channel is configured (notifications.channels)");
  }
  notify::CurlTransport transport;
  SystemProcessRunner system_processes;
  CheckedProcessRunner processes(system_processes);
  const notify::Courier courier(transport, processes);
  size_t failed = 0;
  for (const notify::DeliveryReport& report :
       notices::TryChannels(channels::MakeChannels(config.notifications.channels), courier,
                            config.name, SystemClock().Now())) {
    failed += report.error ? 1 : 0;
    std::printf("%s: %s\n", report.channel.c_str(),
                report.error ? report.error->message.c_str() : "delivered");
  }
  if (failed == 0) return {};
  return Fail(ErrorCode::kUnavailable, std::to_string(failed) + " of " +
                                           std::to_string(config.notifications.channels.size()) +
                                           " channels failed");
}

// Which files count, in the order in which they do.
void PrintFiles(const config::Loaded& loaded) {
  for (const auto& file : loaded.read) std::printf("read %s\n", file.c_str());
  for (const auto& file : loaded.missing) std::printf("not there: %s\n", file.c_str());
  for (const auto& file : loaded.ignored) {
    std::printf("not read, its name does not end in .yaml: %s\n", file.c_str());
  }
  std::puts("the configuration is good");
}

Result<> Run(const Arguments& arguments) {
  ConfigFiles files{arguments.config_files, config::MissingFile::kRefused};
  if (files.files.empty()) {
    files = {{config::kMainFile, config::kOverrideFile}, config::MissingFile::kSkipped};
  }
  MATIC_ASSIGN(const config::Loaded loaded, files.Load());
  if (arguments.check_config) {
    PrintFiles(loaded);
    return {};
  }
  MATIC_TRY(CheckOwners(loaded));
  if (arguments.test_notification) return TestNotification(loaded.config);
  RaiseFileLimit();
  SetUpLog(loaded.config.log);
  if (arguments.rollback) {
    MATIC_ASSIGN(std::unique_ptr<Agent> agent, Agent::Make(loaded));
    return agent->RollBack(arguments.reason);
  }
  const Signals signals;
  MATIC_ASSIGN(std::unique_ptr<Agent> agent, Agent::Make(loaded));
  return agent->Serve(signals, files);
}

Result<> PrintCompletion(const CLI::App& app, const std::string& name) {
  MATIC_ASSIGN(const completion::Shell shell, completion::ParseShell(name));
  std::fputs(completion::Script(app, shell).c_str(), stdout);
  return {};
}

int Main(int argc, char** argv) {
  CLI::App app("The update agent: stages, activates, tries, and confirms or goes back.",
               "matic-agent");
  app.set_version_flag("--version", "matic-agent " MATIC_VERSION);
  Arguments arguments;
  app.add_option("--config", arguments.config_files,
                 "Configuration file; each overrides those before it (default: " +
                     std::string(config::kMainFile) + ", then " +
                     std::string(config::kOverrideFile) + ")")
      ->type_name("FILE");
  app.add_flag("--check-config", arguments.check_config,
               "Say whether the configuration is good, and end");
  app.add_flag("--test-notification", arguments.test_notification,
               "Send a test message to every channel, and say what came of each");
  CLI::Option* rollback = app.add_flag("--rollback", arguments.rollback,
                                       "Go back to the previous system and reboot, while no agent "
                                       "runs");
  app.add_option("--reason", arguments.reason, "Why, for the history")->needs(rollback);
  // For packages; people have no use for it.
  CLI::Option* shell = app.add_option("--completion", arguments.shell)->group("");
  completion::TakesOneOf(shell, {"bash", "zsh", "fish"});
  CLI11_PARSE(app, argc, argv);

  Result<> result =
      arguments.shell.empty() ? Run(arguments) : PrintCompletion(app, arguments.shell);
  if (!result) {
    std::fprintf(stderr, "matic-agent: %s\n", result.error().message.c_str());
    return result.error().code == ErrorCode::kInvalidArgument ? 2 : 1;
  }
  return 0;
}

}  // namespace

}  // namespace matic

int main(int argc, char** argv) {
  // Large buffers are given back as soon as they are done with. Left alone, the allocator keeps
  // them after the first, for each of its arenas.
  ::mallopt(M_MMAP_THRESHOLD, 128 * 1024);
  return matic::Main(argc, argv);
}
