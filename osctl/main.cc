// osctl: what people type. Parses the command line and leaves the rest to the commands.
#include <CLI/CLI.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "lib/completion/completion.h"
#include "osctl/commands.h"
#include "osctl/completion.h"
#include "osctl/session.h"

namespace matic::osctl {
namespace {

// Beyond it the arithmetic of deadlines overflows.
constexpr double kMaxTimeoutSeconds = 365.0 * 86400;

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
  app.add_option("--node", options.node, "The node to talk to; its port is 50051 unless given")
      ->type_name("HOST[:PORT]")
      // As an unset variable of a script is: it must not mean this machine.
      ->check([](const std::string& node) { return std::string(node.empty() ? "is empty" : ""); });
  app.add_option("--socket", options.socket, "The local agent's socket, where --node is not given")
      ->type_name("PATH")
      ->capture_default_str();
  app.add_option("--pki", options.pki_dir,
                 "Folder of ca.pem, client.pem and client.key [~/.config/matic/pki]")
      ->type_name("DIR");
  CLI::Option* output = app.add_option_function<std::string>(
                               "--output",
                               [&options](const std::string& format) {
                                 options.output =
                                     format == "json" ? OutputFormat::kJson : OutputFormat::kText;
                               },
                               "How results are printed")
                            ->default_str("text");
  completion::TakesOneOf(output, {"text", "json"});
  app.add_option("--timeout", options.timeout_seconds,
                 "Give up after this many seconds [30 for a call, none for --watch]")
      ->type_name("SECONDS")
      ->check(CLI::Validator(
          [](std::string& seconds) -> std::string {
            double value = 0;
            const bool number = CLI::detail::lexical_cast(seconds, value);
            if (number && value > 0 && value <= kMaxTimeoutSeconds) return "";
            return "'" + seconds + "' is not a number of seconds from above 0 to a year";
          },
          ""));
  app.set_version_flag("--version", "osctl " MATIC_VERSION);
}

// The command that was named, with the commands around it: "osctl schedule".
std::string NamedCommand(const CLI::App& app) {
  std::string name = app.get_name();
  for (const CLI::App* command = &app; !command->get_subcommands().empty();) {
    command = command->get_subcommands().front();
    name += " " + command->get_name();
  }
  return name;
}

// CLI11 only says that a command is missing where one was misspelt.
std::string UsageMessage(const CLI::App& app, const CLI::ParseError& error) {
  const std::string command = NamedCommand(app);
  std::string message = error.what();
  if (message == "A subcommand is required") {
    const std::vector<std::string> rest = app.remaining(true);
    message = rest.empty() ? "a command is missing"
                           : "'" + rest.front() + "' is not a command of " + command;
  }
  return message + "; see " + command + " --help";
}

// The options may not have been read when parsing failed.
bool WantsJson(int argc, char** argv) {
  const std::vector<std::string_view> arguments(argv, argv + argc);
  for (size_t i = 1; i < arguments.size(); ++i) {
    if (arguments[i] == "--output=json") return true;
    if (arguments[i] == "--output" && i + 1 < arguments.size()) return arguments[i + 1] == "json";
  }
  return false;
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
  AddPlanCommand(app, session);
  AddGenerationsCommand(app, session);
  AddHistoryCommand(app, session);
  AddRebootCommand(app, session);
  AddFleetCommand(app, session);
  AddPkiCommand(app, session);
  AddImageCommands(app, session);
  AddKeyCommand(app, session);
  AddRootCommands(app, session);
  AddManifestCommands(app, session);
  AddCompletionCommand(app, session);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    // Help and the version come this way too.
    if (error.get_exit_code() == 0) {
      app.exit(error, session.out(), session.out());
      session.FinishOutput();
      return static_cast<int>(session.exit_code());
    }
    if (WantsJson(argc, argv)) session.options.output = OutputFormat::kJson;
    session.Fail({ErrorCode::kInvalidArgument, UsageMessage(app, error)}, ExitCode::kUsage);
  }
  session.FinishOutput();
  return static_cast<int>(session.exit_code());
}

}  // namespace
}  // namespace matic::osctl

int main(int argc, char** argv) { return matic::osctl::Main(argc, argv); }
