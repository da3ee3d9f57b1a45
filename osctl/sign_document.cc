// osctl manifest sign, osctl root sign
#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>

#include "lib/os/durable_file.h"
#include "lib/trust/manifest.h"
#include "osctl/session.h"
#include "osctl/signing.h"

namespace matic::osctl {
namespace {

using trust::DocumentKind;

struct SignOptions {
  std::string path;
  SigningKey key;
};

// Nothing is signed that no machine would read.
Result<> CheckDocument(const SignOptions& options, DocumentKind kind, const std::string& text) {
  Result<> checked;
  if (kind == DocumentKind::kManifest) {
    if (auto manifest = trust::ParseManifest(text); !manifest) checked = Fail(manifest.error());
  } else {
    if (auto root = trust::ParseConfiguredRoot(text); !root) checked = Fail(root.error());
  }
  if (checked) return {};
  return Fail(checked.error().Context(options.path + " is no " +
                                      std::string(trust::KindName(kind)) + " document"));
}

Result<std::vector<trust::KeySignature>> ReadSignatures(const std::string& path) {
  const auto text = ReadFile(path, trust::kMaxSignatureFileBytes);
  if (!text && text.error().code == ErrorCode::kNotFound) {
    return std::vector<trust::KeySignature>();
  }
  if (!text) return Fail(text.error());
  auto signatures = trust::ParseSignatureFile(*text);
  if (!signatures) return Fail(signatures.error().Context(path));
  return signatures;
}

Result<> Sign(const Session& session, const SignOptions& options, DocumentKind kind) {
  MATIC_ASSIGN(const std::string text, ReadDocument(options.path, kind));
  MATIC_TRY(CheckDocument(options, kind, text));
  MATIC_ASSIGN(const crypto::PrivateKey key, ReadPrivateKey(options.key));
  const std::string path = SignaturePath(options.path);
  MATIC_ASSIGN(std::vector<trust::KeySignature> signatures, ReadSignatures(path));
  MATIC_ASSIGN(trust::KeySignature signature, trust::SignDocument(kind, text, key));
  const std::string key_id = signature.key_id;
  if (const Result<> put = trust::PutSignature(signatures, std::move(signature)); !put) {
    return Fail(put.error().Context(path));
  }
  MATIC_TRY(WriteFileDurably(path, trust::FormatSignatureFile(signatures), 0644));
  session.PrintOutcome({{"path", options.path},
                        {"signatures", path},
                        {"keyid", key_id},
                        {"count", signatures.size()}},
                       "Signed by " + key_id + "\nWrote     " + path + " (" +
                           std::to_string(signatures.size()) +
                           (signatures.size() == 1 ? " signature)\n" : " signatures)\n"));
  return {};
}

}  // namespace

void AddSignCommand(CLI::App& parent, Session& session, DocumentKind kind) {
  const bool root = kind == DocumentKind::kRoot;
  CLI::App* command = parent.add_subcommand(
      "sign", root ? "Sign a root document" : "Sign a manifest, for machines that trust the key");
  auto options = std::make_shared<SignOptions>();
  command->add_option("file", options->path, "The document; its signatures are in FILE.sig")
      ->type_name("FILE")
      ->required();
  AddSigningKeyOptions(*command, options->key);
  command->footer(
      root ? "Of the first document, a threshold of its own root keys must sign; of each later "
             "one,\n"
             "a threshold of the one before as well.\n\n"
             "Example:\n  osctl root sign --key root-1 1.root.json"
           : "Each key adds its signature, or replaces its former one.\n\n"
             "Example:\n  osctl manifest sign --key release-1 os-2.0.squashfs.manifest.json");
  command->callback([&session, options, kind] {
    session.RunLocal([&] { return Sign(session, *options, kind); });
  });
}

}  // namespace matic::osctl
