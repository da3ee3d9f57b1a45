// osctl manifest sign, osctl root sign
#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>

#include "lib/os/durable_file.h"
#include "lib/trust/manifest.h"
#include "osctl/session.h"
#include "osctl/signing.h"

namespace matic::osctl {
namespace {

using trust::DocumentKind;

std::string JoinedKeys(const trust::Role& role) {
  std::string text;
  for (const std::string& id : role.key_ids) text += (text.empty() ? "" : ", ") + id;
  return text;
}

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

// Not of a key that the document names, which is no mistake only where the one before names it.
Result<std::string> DoubtOf(const SignOptions& options, DocumentKind kind, const std::string& text,
                            const std::string& key_id) {
  if (kind == DocumentKind::kManifest) return std::string();
  MATIC_ASSIGN(const trust::Root root, trust::ParseConfiguredRoot(text));
  if (std::ranges::find(root.root.key_ids, key_id) != root.root.key_ids.end()) {
    return std::string();
  }
  if (root.version > 1) {
    return options.path +
           " does not name this key as a root key: the signature counts only where "
           "the root document before it does";
  }
  return Fail(ErrorCode::kRefused,
              options.path + " does not name " + options.key.path + " (" + key_id +
                  ") as a root key, so that its signature would count for nothing; osctl root "
                  "create --root-key names it, or sign with one of: " +
                  JoinedKeys(root.root));
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
  MATIC_ASSIGN(const std::string doubt, DoubtOf(options, kind, text, key_id));
  if (const Result<> put = trust::PutSignature(signatures, std::move(signature)); !put) {
    return Fail(put.error().Context(path));
  }
  MATIC_TRY(WriteFileDurably(path, trust::FormatSignatureFile(signatures), 0644));
  session.PrintOutcome({{"path", options.path},
                        {"signatures", path},
                        {"keyid", key_id},
                        {"count", signatures.size()},
                        {"note", doubt}},
                       "Signed by " + key_id + "\nWrote     " + path + " (" +
                           std::to_string(signatures.size()) +
                           (signatures.size() == 1 ? " signature)\n" : " signatures)\n") +
                           (doubt.empty() ? "" : "Note      " + doubt + "\n"));
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
