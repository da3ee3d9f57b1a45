// One run of osctl: the global options, and how it ends. Commands store their outcome here, since
// CLI11's callbacks return nothing.
#pragma once

#include <unistd.h>

#include <chrono>
#include <functional>
#include <optional>
#include <ostream>
#include <stop_token>
#include <string>

#include "lib/base/result.h"
#include "osctl/exit_code.h"
#include "osctl/render/json.h"
#include "osctl/render/terminal.h"

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
  static std::optional<std::chrono::milliseconds> Timeout(const GlobalOptions& options);
  std::optional<std::chrono::milliseconds> timeout() const { return Timeout(options); }

  // Standard output.
  const Terminal& terminal() const { return terminal_; }
  std::ostream& out() const;

  // What a command has done: the object with --output json, else the text.
  void PrintOutcome(const nlohmann::json& object, const std::string& text) const;

  // A node's answer with --output json.
  void PrintJson(const google::protobuf::Message& message, JsonLayout layout) const;

  // Runs a command that needs no node, from its CLI11 callback:
  //   command->callback([&session, options] { session.RunLocal([&] { return Pack(*options); }); });
  // An error is printed to stderr (as JSON with --output json) and decides the exit code.
  void RunLocal(const std::function<Result<>()>& command);

  // The same for a command that has something to clean up when SIGINT, SIGTERM or SIGHUP comes. It
  // is told to stop; once it has, the program ends by that signal.
  void RunInterruptible(const std::function<Result<>(std::stop_token)>& command);

  // The same for a command that may end with a code of its own. What it says of a stop is printed.
  void RunToOutcome(const std::function<Result<ExitCode>(std::stop_token)>& command);

  // The same for a command that talks to a node; it may end with a code of its own.
  void RunRemote(const std::function<Result<ExitCode>(Client&)>& command);

  // Prints the error, and ends with `code`.
  void Fail(const Error& error, ExitCode code);

  // Writes out what is left. Where not all of the output could be written, a command that has done
  // well ends as failed, and says so; a reader that has gone away (EPIPE) is told of nothing.
  void FinishOutput();

  ExitCode exit_code() const { return exit_code_; }

 private:
  Terminal terminal_ = Terminal::Detect(STDOUT_FILENO);
  ExitCode exit_code_ = ExitCode::kDone;
};

}  // namespace matic::osctl
