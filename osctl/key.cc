// osctl key generate, show
#include <CLI/CLI.hpp>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>

#include "lib/os/durable_file.h"
#include "osctl/commands.h"
#include "osctl/session.h"
#include "osctl/signing.h"

namespace matic::osctl {
namespace {

namespace fs = std::filesystem;

struct GenerateOptions {
  std::string out;
  std::string passphrase_file;
};

std::string PublicPath(const std::string& key) { return key + ".pub"; }

// A key that is lost cannot be made again: there is no --force.
Result<> CheckFree(const std::string& path) {
  std::error_code failure;
  if (!fs::exists(fs::symlink_status(path, failure))) return {};
  return Fail(ErrorCode::kRefused, path + " exists, and a key is never replaced");
}

Result<> Generate(const Session& session, const GenerateOptions& options) {
  const std::string public_path = PublicPath(options.out);
  MATIC_TRY(CheckFree(options.out));
  MATIC_TRY(CheckFree(public_path));
  MATIC_ASSIGN(const auto passphrase, ReadPassphrase(options.passphrase_file));
  MATIC_ASSIGN(const crypto::PrivateKey key, crypto::PrivateKey::Generate());
  MATIC_ASSIGN(const std::string private_pem, key.ToPem(passphrase));
  MATIC_ASSIGN(const std::string public_pem, crypto::ToPem(key.public_key()));
  MATIC_TRY(WriteFileDurably(options.out, private_pem, 0600));
  MATIC_TRY(WriteFileDurably(public_path, public_pem, 0644));
  const std::string key_id = crypto::KeyId(key.public_key());
  session.PrintOutcome({{"key", options.out}, {"public", public_path}, {"keyid", key_id}},
                       "Key id  " + key_id + "\nWrote   " + options.out + " (" +
                           (passphrase ? "encrypted; " : "") +
                           "keep it secret, and off the machines)\n" + "Wrote   " + public_path +
                           " (for osctl root create)\n");
  return {};
}

Result<> Show(const Session& session, const std::string& path) {
  MATIC_ASSIGN(const crypto::PublicKey key, ReadPublicKey(path));
  const std::string key_id = crypto::KeyId(key);
  session.PrintOutcome({{"path", path}, {"keyid", key_id}}, key_id + "\n");
  return {};
}

void AddGenerate(CLI::App& key, Session& session) {
  CLI::App* command = key.add_subcommand("generate", "Make a key to sign with: NAME and NAME.pub");
  auto options = std::make_shared<GenerateOptions>();
  command->add_option("--out", options->out, "The private key's file; the public one's is NAME.pub")
      ->type_name("NAME")
      ->required();
  command
      ->add_option("--passphrase-file", options->passphrase_file,
                   "Encrypt the private key with the one line of this file")
      ->type_name("FILE");
  command->footer(R"(The files are PEM (PKCS #8 and SubjectPublicKeyInfo), which openssl reads too.

Example:
  osctl key generate --out release-1 --passphrase-file ~/.release-1.passphrase)");
  command->callback(
      [&session, options] { session.RunLocal([&] { return Generate(session, *options); }); });
}

void AddShow(CLI::App& key, Session& session) {
  CLI::App* command = key.add_subcommand(
      "show", "Print a public key's id, which documents and messages call it by");
  auto path = std::make_shared<std::string>();
  command->add_option("file", *path, "The public key")->type_name("NAME.pub")->required();
  command->footer("Example:\n  osctl key show release-1.pub");
  command->callback([&session, path] { session.RunLocal([&] { return Show(session, *path); }); });
}

}  // namespace

void AddKeyCommand(CLI::App& app, Session& session) {
  CLI::App* key = app.add_subcommand("key", "Make the keys that manifests are signed with");
  key->require_subcommand(1);
  key->footer(
      "Examples:\n"
      "  osctl key generate --out release-1 --passphrase-file ~/.release-1.passphrase\n"
      "  osctl key show release-1.pub");
  AddGenerate(*key, session);
  AddShow(*key, session);
}

}  // namespace matic::osctl
