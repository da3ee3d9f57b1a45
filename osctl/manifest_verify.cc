// osctl manifest verify
#include <CLI/CLI.hpp>
#include <chrono>
#include <memory>
#include <nlohmann/json.hpp>

#include "lib/image/image_reader.h"
#include "lib/os/linux_block_device.h"
#include "lib/trust/verify_manifest.h"
#include "osctl/manifest_commands.h"
#include "osctl/render/names.h"
#include "osctl/render/units.h"
#include "osctl/session.h"
#include "osctl/signing.h"

namespace matic::osctl {
namespace {

struct VerifyOptions {
  std::string path;
  std::string root;
  std::string image;
  std::string product;
  std::string architecture;
  std::string channel;
  std::string running_version;
  std::string floor;
  std::string at;
};

// A machine that is as the options say, and else as the manifest wants it; the signatures come
// first all the same.
Result<trust::VerifiedManifest> Verify(const VerifyOptions& options, const DocumentFile& file,
                                       const trust::Root& root) {
  MATIC_TRY(
      trust::VerifySignatures(root, root.manifest, trust::DocumentKind::kManifest, file.view()));
  MATIC_ASSIGN(const trust::Manifest manifest, trust::ParseManifest(file.bytes));
  trust::Expectation expected;
  expected.product = options.product.empty() ? manifest.product : options.product;
  expected.architecture =
      options.architecture.empty() ? manifest.architecture : options.architecture;
  expected.channel = options.channel;
  expected.running_version =
      options.running_version.empty() ? manifest.minimum_version : options.running_version;
  expected.now = std::chrono::system_clock::now();
  if (!options.at.empty()) {
    const auto at = ParseTime(options.at);
    if (!at) return Fail(at.error().Context("--at"));
    expected.now = *at;
  }
  trust::TrustState state;
  if (!options.floor.empty()) {
    auto raised = trust::RaiseFloor(state, options.floor);
    if (!raised) return Fail(raised.error().Context("--version-floor"));
    state = *std::move(raised);
  }
  return trust::VerifyManifest(file.view(), root, state, expected);
}

Result<> CompareImage(const std::string& path, const trust::RemoteFile& image) {
  MATIC_ASSIGN(auto device, LinuxBlockDevice::Open(path, LinuxBlockDevice::Access::kReadOnly));
  if (device->size() != image.size) {
    return Fail(ErrorCode::kCorrupt, path + " has " + std::to_string(device->size()) +
                                         " bytes, and the manifest says " +
                                         std::to_string(image.size));
  }
  const auto digest = image::HashRange(*device, 0, image.size);
  if (!digest) return Fail(digest.error().Context(path));
  if (*digest == image.sha256) return {};
  return Fail(ErrorCode::kCorrupt, path + " has the SHA-256 " + crypto::ToHex(*digest) +
                                       ", and the manifest says " + crypto::ToHex(image.sha256));
}

std::string Describe(const VerifyOptions& options, const trust::VerifiedManifest& verified,
                     const trust::Root& root) {
  const trust::Manifest& manifest = verified.manifest();
  std::string text =
      "Manifest     " + options.path + "\n" + "Product      " + manifest.product + " " +
      manifest.version + ", " + manifest.architecture + "\n" + "Channel      " +
      Shown(manifest.channel) + "\n" + "Image        " + manifest.image.url + "\n" +
      "Size         " + std::to_string(manifest.image.size) + " bytes (" +
      FormatBytes(manifest.image.size) + ")\n" + "SHA-256      " +
      crypto::ToHex(manifest.image.sha256) + "\n" + "Updates from " +
      (manifest.minimum_version.empty() ? "any version" : manifest.minimum_version + " on") + "\n" +
      "Released     " + FormatTime(manifest.released) + "\n" + "Expires      " +
      FormatTime(manifest.expires) + "\n";
  for (const std::string& key_id : verified.signers()) text += "Signed by    " + key_id + "\n";
  text += "Verified     by root document " + std::to_string(root.version) + ", which takes " +
          std::to_string(root.manifest.threshold) + " of " +
          std::to_string(root.manifest.key_ids.size()) + " keys\n";
  return text;
}

Result<> VerifyFile(const Session& session, const VerifyOptions& options) {
  MATIC_ASSIGN(const std::string root_text, ReadDocument(options.root, trust::DocumentKind::kRoot));
  const auto root = trust::ParseConfiguredRoot(root_text);
  if (!root) return Fail(root.error().Context(options.root));
  MATIC_ASSIGN(const DocumentFile file,
               ReadSignedFile(options.path, trust::DocumentKind::kManifest));
  const auto verified = Verify(options, file, *root);
  if (!verified) return Fail(verified.error().Context(options.path));
  if (!options.image.empty()) MATIC_TRY(CompareImage(options.image, verified->manifest().image));
  session.PrintOutcome({{"path", options.path},
                        {"root_version", root->version},
                        {"signers", verified->signers()},
                        {"manifest", nlohmann::json::parse(file.bytes)}},
                       Describe(options, *verified, *root));
  return {};
}

void AddMachineOptions(CLI::App& command, VerifyOptions& options) {
  command.add_option("--product", options.product, "A machine of this product [any]")
      ->type_name("NAME");
  command.add_option("--architecture", options.architecture, "For this architecture [any]")
      ->type_name("NAME");
  command.add_option("--channel", options.channel, "That follows this channel [none]")
      ->type_name("NAME");
  command
      .add_option("--running-version", options.running_version,
                  "That runs this version [one that may update]")
      ->type_name("VERSION");
  command.add_option("--version-floor", options.floor, "That has confirmed this version [none]")
      ->type_name("VERSION");
  command.add_option("--at", options.at, "At this time [now]")->type_name("TIME");
}

}  // namespace

void AddManifestVerifyCommand(CLI::App& manifest, Session& session) {
  CLI::App* command =
      manifest.add_subcommand("verify", "Check a manifest as a machine would, and show it");
  auto options = std::make_shared<VerifyOptions>();
  command->add_option("file", options->path, "The manifest, with FILE.sig beside it")
      ->type_name("FILE")
      ->required();
  command->add_option("--root", options->root, "The root document that the machine trusts")
      ->type_name("FILE")
      ->required();
  command->add_option("--image", options->image, "Compare this image with what it says")
      ->type_name("FILE");
  AddMachineOptions(*command, *options);
  command->footer(R"(Examples:
  osctl manifest verify --root 1.root.json --image os-2.0.squashfs os-2.0.squashfs.manifest.json
  osctl manifest verify --root 1.root.json --channel stable --running-version 1.4 stable.json)");
  command->callback(
      [&session, options] { session.RunLocal([&] { return VerifyFile(session, *options); }); });
}

}  // namespace matic::osctl
