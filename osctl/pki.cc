// osctl pki init, issue, revoke
#include "lib/rpc/pki.h"

#include <CLI/CLI.hpp>
#include <chrono>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>

#include "lib/completion/completion.h"
#include "lib/rpc/certificate.h"
#include "osctl/commands.h"
#include "osctl/pki_commands.h"
#include "osctl/session.h"

namespace matic::osctl {
namespace {

namespace fs = std::filesystem;

struct InitOptions {
  std::string folder;
  std::string name = "Matic authority";
  bool force = false;
};

struct IssueOptions {
  std::string folder;
  std::string role;
  std::string name;
  std::vector<std::string> hosts;
  std::string out;
  int64_t days = rpc::kLeafLifetime.count();
  bool force = false;
};

Result<> Init(const Session& session, const InitOptions& options) {
  const WallTime now = std::chrono::system_clock::now();
  MATIC_ASSIGN(const rpc::KeyPair authority, rpc::MakeAuthority(options.name, now));
  MATIC_TRY(rpc::WriteAuthority(options.folder, authority, options.force));
  MATIC_ASSIGN(const rpc::CertificateInfo info, rpc::ParseCertificate(authority.certificate_pem));
  const std::string certificate = fs::path(options.folder) / "ca.pem";
  const std::string key = fs::path(options.folder) / "ca.key";
  const std::string until = FormatTime(info.not_after);
  session.PrintOutcome({{"ca", certificate}, {"key", key}, {"not_after", until}},
                       "Wrote " + certificate + " (until " + until + ")\nWrote " + key +
                           " (keep it secret, and off the nodes)\n");
  return {};
}

Result<rpc::LeafRequest> ToRequest(const IssueOptions& options) {
  rpc::LeafRequest request;
  request.name = options.name;
  request.lifetime = rpc::Days(options.days);
  request.hosts = options.hosts;
  if (options.role != "server") {
    request.role = rpc::ParseRoleUri(std::string(rpc::kRoleUriPrefix) + options.role);
    if (!options.hosts.empty()) {
      return Fail(ErrorCode::kInvalidArgument, "--host is for --role server only");
    }
  } else if (request.hosts.empty()) {
    request.hosts = {options.name};
  }
  return request;
}

Result<> Issue(const Session& session, const IssueOptions& options) {
  MATIC_ASSIGN(const rpc::LeafRequest request, ToRequest(options));
  MATIC_ASSIGN(const rpc::KeyPair authority, ReadAuthority(options.folder));
  MATIC_ASSIGN(const rpc::KeyPair leaf,
               rpc::IssueLeaf(authority, request, std::chrono::system_clock::now()));
  const bool server = !request.role;
  MATIC_TRY(rpc::WriteLeaf(options.out, authority.certificate_pem, leaf, server, options.force));
  MATIC_TRY(rpc::RecordIssued(options.folder, leaf.certificate_pem));

  MATIC_ASSIGN(const rpc::CertificateInfo info, rpc::ParseCertificate(leaf.certificate_pem));
  const std::string side = server ? "server" : "client";
  const std::string certificate = fs::path(options.out) / (side + ".pem");
  const std::string key = fs::path(options.out) / (side + ".key");
  const std::string until = FormatTime(info.not_after);
  session.PrintOutcome({{"ca", fs::path(options.out) / "ca.pem"},
                        {"certificate", certificate},
                        {"key", key},
                        {"role", options.role},
                        {"serial", info.serial},
                        {"not_after", until}},
                       "Wrote " + certificate + ", " + side + ".key and ca.pem (" + options.role +
                           " '" + options.name + "', until " + until + ")\n" +
                           (server ? "They belong in /var/lib/matic/pki on the node\n"
                                   : "osctl takes them with --pki " + options.out +
                                         ", or from ~/.config/matic/pki\n"));
  return {};
}

void AddInit(CLI::App& pki, Session& session) {
  CLI::App* command = pki.add_subcommand("init", "Make an authority: ca.pem and ca.key");
  auto options = std::make_shared<InitOptions>();
  command->add_option("--dir", options->folder, "The authority's folder")
      ->type_name("DIR")
      ->required();
  command->add_option("--name", options->name, "What the authority calls itself")
      ->type_name("NAME")
      ->capture_default_str();
  command->add_flag("--force", options->force,
                    "Replace a ca.pem whose key is not there; a ca.key never is");
  command->footer("Example:\n  osctl pki init --dir ~/matic-ca");
  command->callback(
      [&session, options] { session.RunLocal([&] { return Init(session, *options); }); });
}

void AddIssue(CLI::App& pki, Session& session) {
  CLI::App* command =
      pki.add_subcommand("issue", "Make a certificate for a node (server) or for a person");
  auto options = std::make_shared<IssueOptions>();
  command->add_option("--dir", options->folder, "The authority's folder")
      ->type_name("DIR")
      ->required();
  CLI::Option* role =
      command->add_option("--role", options->role, "server, or what a client may do")->required();
  completion::TakesOneOf(role, {"server", "admin", "operator", "reader"});
  command
      ->add_option("--name", options->name, "The node's or the person's name; audit lines have it")
      ->type_name("NAME")
      ->required();
  command
      ->add_option("--host", options->hosts,
                   "A name or address the node is reached by, repeatable [NAME]")
      ->type_name("HOST")
      ->expected(1)
      ->take_all();
  command->add_option("--out", options->out, "Where the files go")->type_name("DIR")->required();
  command->add_option("--days", options->days, "How long it is valid")
      ->type_name("DAYS")
      ->check(CLI::Range(1, 36500).description(""))
      ->capture_default_str();
  command->add_flag("--force", options->force, "Replace files that are there");
  command->footer(R"(Examples:
  osctl pki issue --dir ~/matic-ca --role server --name edge-7 --host edge-7.example.com \
      --host 10.0.0.7 --out edge-7
  osctl pki issue --dir ~/matic-ca --role operator --name alice --out ~/.config/matic/pki)");
  command->callback(
      [&session, options] { session.RunLocal([&] { return Issue(session, *options); }); });
}

}  // namespace

Result<rpc::KeyPair> ReadAuthority(const std::string& folder) {
  auto authority = rpc::ReadAuthority(folder);
  if (!authority && authority.error().code == ErrorCode::kNotFound) {
    return Fail(authority.error().code, authority.error().message + "; osctl pki init --dir " +
                                            folder + " makes an authority");
  }
  return authority;
}

void AddPkiCommand(CLI::App& app, Session& session) {
  CLI::App* pki = app.add_subcommand("pki", "Make the certificates that nodes and people need");
  pki->require_subcommand(1);
  pki->footer(
      "Example:\n  osctl pki init --dir ~/matic-ca\n  osctl pki issue --dir ~/matic-ca --role "
      "operator --name alice --out ~/.config/matic/pki");
  AddInit(*pki, session);
  AddIssue(*pki, session);
  AddPkiRevokeCommand(*pki, session);
}

}  // namespace matic::osctl
