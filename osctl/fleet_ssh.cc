// osctl fleet ssh
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cerrno>
#include <nlohmann/json.hpp>
#include <system_error>

#include "osctl/fleet_commands.h"

namespace matic::osctl {
namespace {

struct SshOptions {
  std::string machine;
  std::vector<std::string> command;
  bool dry_run = false;
};

struct Arguments {
  const fleet::Machine& machine;
  const std::vector<std::string>& command;

  // By its name alone where the agent is asked over TLS: user and port are ssh's own business then.
  Result<std::vector<std::string>> operator()(const fleet::TlsAddress& address) const {
    return To(address.host, 0);
  }
  Result<std::vector<std::string>> operator()(const fleet::SshAddress& address) const {
    return To(address.user.empty() ? address.host : address.user + "@" + address.host,
              address.port);
  }
  Result<std::vector<std::string>> operator()(const fleet::LocalAddress&) const {
    return Fail(ErrorCode::kInvalidArgument,
                machine.name + " is this machine: its agent is reached by a socket, without ssh");
  }

 private:
  std::vector<std::string> To(const std::string& destination, uint16_t port) const {
    std::vector<std::string> argv = {"ssh"};
    if (port != 0) argv.push_back("-p" + std::to_string(port));
    argv.insert(argv.end(), {"--", destination});
    argv.insert(argv.end(), command.begin(), command.end());
    return argv;
  }
};

// Becomes ssh: its exit code is that of the command on the machine, or 255.
Result<> Become(const std::vector<std::string>& argv) {
  std::vector<char*> raw;
  for (const std::string& word : argv) raw.push_back(const_cast<char*>(word.c_str()));
  raw.push_back(nullptr);
  ::execvp(raw.front(), raw.data());
  return Fail(ErrorCode::kNotFound, "ssh cannot be run (package openssh-client): " +
                                        std::error_code(errno, std::generic_category()).message());
}

Result<> Ssh(const Session& session, const FleetOptions& options, const SshOptions& ssh) {
  MATIC_ASSIGN(const fleet::Inventory inventory, OpenFleet(options));
  fleet::Selection one;
  one.machines = {ssh.machine};
  MATIC_ASSIGN(const auto machines, fleet::SelectMachines(inventory, one));
  const fleet::Machine& machine = *machines.front();
  MATIC_ASSIGN(const auto argv, std::visit(Arguments{machine, ssh.command}, machine.address));
  if (!ssh.dry_run) return Become(argv);
  std::string line;
  for (const std::string& word : argv) line += (line.empty() ? "" : " ") + word;
  session.PrintOutcome({{"machine", machine.name}, {"command", argv}}, line + "\n");
  return {};
}

}  // namespace

void AddFleetSshCommand(CLI::App& fleet, Session& session, SharedFleetOptions options) {
  CLI::App* command = fleet.add_subcommand(
      "ssh", "Log in to a machine with the system's ssh, or run a command there");
  auto ssh = std::make_shared<SshOptions>();
  command->add_option("machine", ssh->machine, "The machine, by its name in fleet.yaml")
      ->type_name("MACHINE")
      ->required();
  command->add_option("command", ssh->command, "What to run there, after --; else a shell")
      ->type_name("COMMAND");
  command->add_flag("--dry-run", ssh->dry_run, "Show the command only");
  command->footer(R"(Examples:
  osctl fleet ssh web-1
  osctl fleet ssh web-1 -- journalctl -u matic-agent -n 50)");
  command->callback(
      [&session, options, ssh] { session.RunLocal([&] { return Ssh(session, *options, *ssh); }); });
}

}  // namespace matic::osctl
