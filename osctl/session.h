// One run of osctl: the global options, and how it ends. Commands store their outcome here, since
// CLI11's callbacks return nothing.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>

#include "lib/base/result.h"
#include "osctl/exit_code.h"

namespace matic::osctl {

class Client;

enum class OutputFormat { kText, kJson };

struct GlobalOptions {
  std::string node;  // HOST[:PORT]; empty: the agent of this machine, through `socket`
  std::string socket = "/run/matic/agent.sock";
  std::string pki_dir;  // empty: ~/.config/matic/pki
  OutputFormat output = OutputFormat::kText;
  double timeout_seconds = 0;  // 0: 30 s for a call, none for --watch
};

class Session {
 public:
  GlobalOptions options;

  bool json() const { return options.output == OutputFormat::kJson; }

  // The limit that the user set with --timeout.
  std::optional<std::chrono::milliseconds> timeout() const;

  // Runs a command that needs no node, from its CLI11 callback:
  //   command->callback([&session, options] { session.RunLocal([&] { return Pack(*options); }); });
  // An error is printed to stderr (as JSON with --output json) and decides the exit code.
  void RunLocal(const std::function<Result<>()>& command);

  // The same for a command that talks to a node; it may end with a code of its own.
  void RunRemote(const std::function<Result<ExitCode>(Client&)>& command);

  ExitCode exit_code() const { return exit_code_; }

 private:
  void Fail(const Error& error, ExitCode code);

  ExitCode exit_code_ = ExitCode::kDone;
};

}  // namespace matic::osctl
