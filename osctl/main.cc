// osctl: what people type. Parses the command line and leaves the rest to the commands.
#include <CLI/CLI.hpp>
#include <iostream>
#include <map>

#include "osctl/commands.h"
#include "osctl/session.h"

namespace matic::osctl {
namespace {

constexpr char kFooter[] = R"(Exit codes:
  0  done
  1  failed
  2  wrong usage, or a request that cannot be right
  3  the node is not reachable, or you are not authorised
  4  the update that was waited for failed or was cancelled
  5  the update that was waited for was rolled back
  6  refused: the state of the node forbids it

Examples:
  osctl status
  osctl schedule update --source https://cdn.example.com/os-2.0.squashfs --sha256 9f2c... --watch
  osctl --node edge-7.example.com health)";

void AddGlobalOptions(CLI::App& app, GlobalOptions& options) {
  static const std::map<std::string, OutputFormat> kFormats = {{"text", OutputFormat::kText},
                                                               {"json", OutputFormat::kJson}};
  app.add_option("--node", options.node, "The node to talk to; its port is 50051 unless given")
      ->type_name("HOST[:PORT]");
  app.add_option("--socket", options.socket, "The local agent's socket, where --node is not given")
      ->type_name("PATH")
      ->capture_default_str();
  app.add_option("--pki", options.pki_dir,
                 "Folder of ca.pem, client.pem and client.key [~/.config/matic/pki]")
      ->type_name("DIR");
  app.add_option("--output", options.output, "How results are printed: text or json")
      ->transform(CLI::CheckedTransformer(kFormats, CLI::ignore_case).description(""))
      ->type_name("FORMAT")
      ->default_str("text");
  app.add_option("--timeout", options.timeout_seconds,
                 "Give up after this many seconds [30 for a call, none for --watch]")
      ->type_name("SECONDS")
      ->check(CLI::PositiveNumber.description(""));
  app.set_version_flag("--version", "osctl " MATIC_VERSION);
}

int Main(int argc, char** argv) {
  CLI::App app{"Update, watch and repair Matic nodes, and make their images", "osctl"};
  app.require_subcommand(1);
  app.fallthrough();
  app.footer(kFooter);
  app.get_formatter()->column_width(34);
  Session session;
  AddGlobalOptions(app, session.options);
  AddStatusCommand(app, session);
  AddHealthCommand(app, session);
  AddScheduleCommand(app, session);
  AddRollbackCommand(app, session);
  AddRebootCommand(app, session);
  AddPkiCommand(app, session);
  AddImageCommands(app, session);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : static_cast<int>(ExitCode::kUsage);
  }
  return static_cast<int>(session.exit_code());
}

}  // namespace
}  // namespace matic::osctl

int main(int argc, char** argv) { return matic::osctl::Main(argc, argv); }
