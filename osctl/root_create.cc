// osctl root create
#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <memory>
#include <nlohmann/json.hpp>

#include "osctl/expiry.h"
#include "osctl/root_commands.h"
#include "osctl/session.h"
#include "osctl/signing.h"

namespace matic::osctl {
namespace {

struct RoleOptions {
  std::vector<std::string> keys;  // files of public keys
  size_t threshold = 0;           // 0: as before, or 1
};

struct CreateOptions {
  std::string after;
  RoleOptions root;
  RoleOptions manifest;
  std::string expires;
  std::string out;
  bool force = false;
};

Result<trust::Role> MakeRole(const RoleOptions& options, const trust::Role& before,
                             const std::map<std::string, crypto::PublicKey>& keys_before,
                             trust::Root& document) {
  trust::Role role;
  for (const std::string& path : options.keys) {
    MATIC_ASSIGN(const crypto::PublicKey key, ReadPublicKey(path));
    const std::string id = crypto::KeyId(key);
    if (std::ranges::find(role.key_ids, id) != role.key_ids.end()) {
      return Fail(ErrorCode::kInvalidArgument, path + ": this key is given twice");
    }
    role.key_ids.push_back(id);
    document.keys[id] = key;
  }
  if (options.keys.empty()) {
    role.key_ids = before.key_ids;
    for (const std::string& id : role.key_ids) document.keys[id] = keys_before.at(id);
  }
  role.threshold =
      options.threshold != 0 ? options.threshold : std::max<size_t>(before.threshold, 1);
  return role;
}

Result<> CheckComplete(const CreateOptions& options) {
  if (!options.after.empty() || (!options.root.keys.empty() && !options.manifest.keys.empty())) {
    return {};
  }
  return Fail(ErrorCode::kInvalidArgument,
              "the first root document needs --root-key and --manifest-key; a later one takes what "
              "is not given from the one that --after names");
}

std::string Describe(const trust::Root& document, const std::string& out) {
  const auto role = [](const char* name, const trust::Role& of) {
    std::string text = std::string(name) + std::to_string(of.threshold) + " of\n";
    for (const std::string& id : of.key_ids) text += "           " + id + "\n";
    return text;
  };
  return "Root       " + out + ", version " + std::to_string(document.version) + "\n" +
         "Expires    " + FormatTime(document.expires) + "\n" + role("Root       ", document.root) +
         role("Manifests  ", document.manifest) + "Sign it: osctl root sign --key KEY " + out +
         "\n";
}

Result<> Create(const Session& session, const CreateOptions& options) {
  MATIC_TRY(CheckComplete(options));
  trust::Root before;
  if (!options.after.empty()) {
    MATIC_ASSIGN(const std::string text, ReadDocument(options.after, trust::DocumentKind::kRoot));
    auto read = trust::ParseConfiguredRoot(text);
    if (!read) return Fail(read.error().Context(options.after));
    before = *std::move(read);
  }
  trust::Root document;
  document.version = before.version + 1;
  const WallTime now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  MATIC_ASSIGN(document.expires, ParseExpiry(options.expires, now));
  MATIC_ASSIGN(document.root, MakeRole(options.root, before.root, before.keys, document));
  MATIC_ASSIGN(document.manifest,
               MakeRole(options.manifest, before.manifest, before.keys, document));
  const auto text = trust::FormatRoot(document);
  if (!text) return Fail(text.error().Context("no machine would take this root document"));
  const std::string out = options.out.empty() ? trust::RootFileName(document.version) : options.out;
  MATIC_TRY(WriteDocument(out, *text, options.force));
  session.PrintOutcome({{"path", out}, {"root", nlohmann::json::parse(*text)}},
                       Describe(document, out));
  return {};
}

void AddRoleOptions(CLI::App& command, const std::string& name, const std::string& signs,
                    RoleOptions& role) {
  command
      .add_option("--" + name + "-key", role.keys,
                  "A public key that may sign " + signs + ", repeatable [as before]")
      ->type_name("FILE")
      ->expected(1)
      ->take_all();
  command
      .add_option("--" + name + "-threshold", role.threshold,
                  "How many of them must sign [as before, or 1]")
      ->type_name("N")
      ->check(CLI::Range(size_t{1}, trust::kMaxRootKeys).description(""));
}

}  // namespace

void AddRootCreateCommand(CLI::App& root, Session& session) {
  CLI::App* command =
      root.add_subcommand("create", "Make the first root document, or the one after another");
  auto options = std::make_shared<CreateOptions>();
  command
      ->add_option("--after", options->after,
                   "The root document that it replaces; what is not given is taken from it")
      ->type_name("FILE");
  AddRoleOptions(*command, "root", "root documents", options->root);
  AddRoleOptions(*command, "manifest", "manifests", options->manifest);
  command
      ->add_option("--expires", options->expires,
                   "Machines take no manifest under it from then on: 365d, 2027-01-01")
      ->type_name("TIME")
      ->required();
  command->add_option("--out", options->out, "The document [VERSION.root.json]")->type_name("FILE");
  command->add_flag("--force", options->force, "Replace a document that is there, and unsign it");
  command->footer(
      R"(Given keys replace those of the same kind. Machines that know a former document take the new one
when a threshold of the former root keys and a threshold of the new ones have signed it.

Examples:
  osctl root create --root-key root-1.pub --root-key root-2.pub --root-threshold 2 \
      --manifest-key release-1.pub --expires 365d
  osctl root create --after 1.root.json --manifest-key release-2.pub --expires 365d)");
  command->callback(
      [&session, options] { session.RunLocal([&] { return Create(session, *options); }); });
}

}  // namespace matic::osctl
