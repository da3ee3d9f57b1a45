#include "osctl/fleet_build.h"

#include <algorithm>
#include <filesystem>
#include <iostream>
#include <set>

#include "lib/os/output_tail.h"

namespace matic::osctl {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

constexpr auto kBuildDeadline = 2h;
constexpr auto kCopyDeadline = 1h;
constexpr auto kInputsDeadline = 10min;
constexpr auto kGrace = 5s;
constexpr size_t kTail = 400;

// FLAKE#NAME, in its two parts.
struct Configuration {
  std::string flake;
  std::string name;
  auto operator<=>(const Configuration&) const = default;
};

struct Host {
  const fleet::Machine* machine;
  Configuration configuration;
  std::string mode;
};

Result<Configuration> Split(const fleet::Machine& machine, const std::string& text) {
  const size_t hash = text.find('#');
  Configuration configuration{text.substr(0, hash),
                              hash == std::string::npos ? "" : text.substr(hash + 1)};
  const bool odd = configuration.name.find_first_of("\"\\$#/") != std::string::npos;
  if (configuration.flake.empty() || configuration.flake[0] == '-' || configuration.name.empty() ||
      odd) {
    return Fail(ErrorCode::kInvalidArgument,
                machine.name + ": '" + text + "' is no flake that can be built here");
  }
  return configuration;
}

Result<std::vector<Host>> HostsOf(const fleet::Inventory& inventory,
                                  const std::vector<const fleet::Machine*>& machines) {
  std::vector<Host> hosts;
  for (const fleet::Machine* machine : machines) {
    const fleet::Target target = fleet::TargetIn(inventory, *machine);
    const auto* flake = std::get_if<fleet::FlakeTarget>(&target);
    if (flake == nullptr) continue;
    if (std::holds_alternative<fleet::TlsAddress>(machine->address)) {
      return Fail(ErrorCode::kInvalidArgument,
                  machine->name +
                      " is reached over TLS, by which no system can be copied: give it "
                      "an ssh:// address, or leave it out, and it builds for itself");
    }
    MATIC_ASSIGN(Configuration configuration, Split(*machine, flake->flake));
    hosts.push_back({machine, std::move(configuration), flake->mode});
  }
  return hosts;
}

Result<> Run(ProcessRunner& processes, Command command, std::chrono::milliseconds deadline,
             const std::string& what) {
  std::cerr << what << "\n";
  command.grace = kGrace;
  const Result<ProcessOutcome> done = processes.RunCommand(command, deadline);
  if (!done) return Fail(done.error().Context(what));
  if (done->exit_code == 0) return {};
  const std::string& output = done->output;
  const std::string tail =
      output.size() > kTail ? "…" + output.substr(output.size() - kTail) : output;
  return Fail(ErrorCode::kIo, what + ": " + command.argv.front() + " " +
                                  DescribeExit(done->exit_code) + ": " + tail);
}

std::vector<std::string> Nix(std::vector<std::string> words) {
  words.insert(words.begin(), {"nix", "--extra-experimental-features", "nix-command flakes"});
  return words;
}

// In its folder, as Nix before and after 2.19 take different arguments for another one.
Result<> UpdateInputs(ProcessRunner& processes, const std::string& flake) {
  const std::string folder = flake.starts_with("path:") ? flake.substr(5) : flake;
  if (!folder.starts_with('/')) {
    return Fail(
        ErrorCode::kInvalidArgument,
        flake + " is not in a folder of this machine, so that its inputs cannot be updated");
  }
  return Run(processes, {.argv = Nix({"flake", "update"}), .folder = folder}, kInputsDeadline,
             "update the inputs of " + flake);
}

Result<std::string> Build(ProcessRunner& processes, const Configuration& configuration,
                          const fs::path& links) {
  const fs::path link = links / configuration.name;
  MATIC_TRY(Run(processes,
                {.argv = Nix({"build", "--no-write-lock-file", "--out-link", link.string(), "--",
                              configuration.flake + "#nixosConfigurations.\"" + configuration.name +
                                  "\".config.system.build.toplevel"})},
                kBuildDeadline, "build " + configuration.flake + "#" + configuration.name));
  std::error_code error;
  const fs::path system = fs::read_symlink(link, error);
  if (!error) return system.string();
  return Fail(ErrorCode::kIo, link.string() + ": " + error.message());
}

Result<> Copy(ProcessRunner& processes, const fleet::SshAddress& address,
              const std::string& system) {
  const std::string destination =
      "ssh://" + (address.user.empty() ? "" : address.user + "@") + address.host;
  std::string options = "-oBatchMode=yes -oConnectTimeout=10";
  if (address.port != 0) options += " -p " + std::to_string(address.port);
  return Run(processes,
             {.argv = Nix({"copy", "--no-check-sigs", "--to", destination, "--", system}),
              .environment = {"NIX_SSHOPTS=" + options}},
             kCopyDeadline, "copy " + system + " to " + destination);
}

}  // namespace

Result<std::map<std::string, fleet::Pin>> BuildHere(FleetController& controller,
                                                    const fleet::Selection& selection,
                                                    const BuildOptions& options) {
  MATIC_ASSIGN(const auto machines, fleet::SelectMachines(controller.inventory, selection));
  MATIC_ASSIGN(const std::vector<Host> hosts, HostsOf(controller.inventory, machines));
  MATIC_ASSIGN(const fs::path journal, controller.JournalFile());
  const fs::path links = fs::path(journal).replace_extension(".systems");
  std::error_code error;
  fs::create_directory(links, error);
  if (error) return Fail(ErrorCode::kIo, links.string() + ": " + error.message());

  std::set<std::string> updated;
  std::map<Configuration, std::string> systems;
  std::map<std::string, fleet::Pin> pins;
  for (const Host& host : hosts) {
    const Configuration& configuration = host.configuration;
    if (options.update_inputs && updated.insert(configuration.flake).second) {
      MATIC_TRY(UpdateInputs(controller.processes, configuration.flake));
    }
    if (!systems.contains(configuration)) {
      MATIC_ASSIGN(systems[configuration], Build(controller.processes, configuration, links));
    }
    const std::string& system = systems[configuration];
    if (const auto* ssh = std::get_if<fleet::SshAddress>(&host.machine->address)) {
      MATIC_TRY(Copy(controller.processes, *ssh, system));
    }
    pins[host.machine->name] = {
        {.target = fleet::FlakeTarget{.flake = system, .mode = host.mode}, .digest = system}, ""};
  }
  return pins;
}

}  // namespace matic::osctl
