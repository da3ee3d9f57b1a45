// osctl root verify
#include <CLI/CLI.hpp>
#include <chrono>
#include <memory>
#include <nlohmann/json.hpp>

#include "osctl/root_commands.h"
#include "osctl/session.h"
#include "osctl/signing.h"

namespace matic::osctl {
namespace {

using trust::DocumentKind;

struct VerifyOptions {
  std::string after;
  std::vector<std::string> paths;
};

// A document that follows none is not trusted for its signatures, but can be wrongly signed.
Result<trust::Root> VerifyFirst(const DocumentFile& file) {
  MATIC_ASSIGN(trust::Root root, trust::ParseConfiguredRoot(file.bytes));
  MATIC_TRY(trust::VerifySignatures(root, root.root, DocumentKind::kRoot, file.view()));
  return root;
}

Result<trust::Root> Walk(const VerifyOptions& options) {
  std::optional<trust::Root> current;
  if (!options.after.empty()) {
    MATIC_ASSIGN(const std::string text, ReadDocument(options.after, DocumentKind::kRoot));
    auto read = trust::ParseConfiguredRoot(text);
    if (!read) return Fail(read.error().Context(options.after));
    current = *std::move(read);
  }
  for (const std::string& path : options.paths) {
    MATIC_ASSIGN(const DocumentFile file, ReadSignedFile(path, DocumentKind::kRoot));
    auto next = current ? trust::VerifyNextRoot(*current, file.view()) : VerifyFirst(file);
    if (!next) return Fail(next.error().Context(path));
    current = *std::move(next);
  }
  return *current;
}

std::string Describe(const VerifyOptions& options, const trust::Root& root) {
  const auto role = [](const trust::Role& of) {
    return std::to_string(of.threshold) + " of " + std::to_string(of.key_ids.size()) + " keys";
  };
  return "Root       " + options.paths.back() + ", version " + std::to_string(root.version) + "\n" +
         "Expires    " + FormatTime(root.expires) + "\n" + "Root       " + role(root.root) + "\n" +
         "Manifests  " + role(root.manifest) + "\n" + "Verified   " +
         (options.after.empty() ? "by its own keys; machines trust it where it is configured"
                                : "as what follows " + options.after) +
         "\n";
}

Result<> Verify(const Session& session, const VerifyOptions& options) {
  MATIC_ASSIGN(const trust::Root root, Walk(options));
  if (std::chrono::system_clock::now() >= root.expires) {
    return Fail(ErrorCode::kRefused, options.paths.back() + ": it expired at " +
                                         FormatTime(root.expires) +
                                         "; osctl root create --after makes the next one");
  }
  session.PrintOutcome({{"path", options.paths.back()},
                        {"version", root.version},
                        {"expires", FormatTime(root.expires)},
                        {"after", options.after}},
                       Describe(options, root));
  return {};
}

}  // namespace

void AddRootVerifyCommand(CLI::App& root, Session& session) {
  CLI::App* command =
      root.add_subcommand("verify", "Check root documents, each as what follows the one before");
  auto options = std::make_shared<VerifyOptions>();
  command->add_option("files", options->paths, "The documents in their order, with FILE.sig beside")
      ->type_name("FILE")
      ->required();
  command->add_option("--after", options->after, "A document that is trusted already")
      ->type_name("FILE");
  command->footer(R"(Examples:
  osctl root verify 1.root.json
  osctl root verify --after 1.root.json 2.root.json 3.root.json)");
  command->callback(
      [&session, options] { session.RunLocal([&] { return Verify(session, *options); }); });
}

}  // namespace matic::osctl
