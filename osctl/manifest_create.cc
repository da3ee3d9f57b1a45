// osctl manifest create
#include <CLI/CLI.hpp>
#include <chrono>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>

#include "lib/image/image_reader.h"
#include "lib/os/durable_file.h"
#include "lib/os/linux_block_device.h"
#include "lib/trust/manifest.h"
#include "osctl/expiry.h"
#include "osctl/manifest_commands.h"
#include "osctl/manifest_deltas.h"
#include "osctl/render/units.h"
#include "osctl/session.h"
#include "osctl/signing.h"

namespace matic::osctl {
namespace {

namespace fs = std::filesystem;

struct CreateOptions {
  std::string image;
  std::string product;
  std::string version;
  std::string architecture;
  std::string channel;
  std::string url;
  std::string minimum_version;
  std::string released;
  std::string expires;
  std::string notes_file;
  DeltaOptions deltas;
  std::string out;
  bool force = false;
};

// What the image says of itself wins; an option that says otherwise is a mistake.
Result<std::string> Agreed(const char* option, const std::string& given, const std::string& found,
                           const std::string& path) {
  if (found.empty() && given.empty()) {
    return Fail(ErrorCode::kInvalidArgument,
                path + " does not say so itself: " + option + " is needed");
  }
  if (found.empty() || given.empty() || given == found) return given.empty() ? found : given;
  return Fail(ErrorCode::kInvalidArgument,
              std::string(option) + " " + given + ", but " + path + " is of " + found);
}

Result<> DescribeImage(const CreateOptions& options, trust::Manifest& manifest) {
  MATIC_ASSIGN(auto device,
               LinuxBlockDevice::Open(options.image, LinuxBlockDevice::Access::kReadOnly));
  const auto info = image::InspectImage(*device);
  if (!info) return Fail(info.error().Context(options.image));
  if (device->size() != info->image_bytes) {
    return Fail(ErrorCode::kCorrupt,
                options.image + ": the image ends at " + std::to_string(info->image_bytes) +
                    ", but the file goes on to " + std::to_string(device->size()));
  }
  const auto digest = image::VerifyImage(*device, *info);
  if (!digest) return Fail(digest.error().Context(options.image));
  MATIC_ASSIGN(manifest.version,
               Agreed("--version", options.version, info->version, options.image));
  MATIC_ASSIGN(manifest.architecture,
               Agreed("--architecture", options.architecture,
                      std::string(trust::ArchitectureOf(info->machine)), options.image));
  manifest.image = {options.url.empty() ? fs::path(options.image).filename().string() : options.url,
                    info->image_bytes, *digest};
  return {};
}

Result<> SetTimes(const CreateOptions& options, trust::Manifest& manifest) {
  manifest.released = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  if (!options.released.empty()) {
    const auto released = ParseTime(options.released);
    if (!released) return Fail(released.error().Context("--released"));
    manifest.released = *released;
  }
  MATIC_ASSIGN(manifest.expires, ParseExpiry(options.expires, manifest.released));
  return {};
}

std::string Describe(const trust::Manifest& manifest, const std::string& out) {
  return "Manifest  " + out + "\n" + "Image     " + manifest.image.url + "\n" + "Product   " +
         manifest.product + " " + manifest.version + ", " + manifest.architecture +
         (manifest.channel.empty() ? "" : ", channel " + manifest.channel) + "\n" + "Size      " +
         std::to_string(manifest.image.size) + " bytes (" + FormatBytes(manifest.image.size) +
         ")\n" + "SHA-256   " + crypto::ToHex(manifest.image.sha256) + "\n" + "Expires   " +
         FormatTime(manifest.expires) + "\n" + "Sign it: osctl manifest sign --key KEY " + out +
         "\n";
}

Result<> Create(const Session& session, const CreateOptions& options) {
  trust::Manifest manifest;
  manifest.product = options.product;
  manifest.channel = options.channel;
  manifest.minimum_version = options.minimum_version;
  MATIC_TRY(SetTimes(options, manifest));
  if (!options.notes_file.empty()) {
    MATIC_ASSIGN(manifest.release_notes,
                 ReadFile(options.notes_file, trust::kMaxReleaseNotesBytes));
  }
  MATIC_TRY(DescribeImage(options, manifest));
  DeltaOptions deltas = options.deltas;
  deltas.image = options.image;
  MATIC_TRY(DescribeDeltas(deltas, manifest));
  const auto text = trust::FormatManifest(manifest);
  if (!text) return Fail(text.error().Context("no machine would take this manifest"));
  const std::string out = options.out.empty() ? options.image + ".manifest.json" : options.out;
  MATIC_TRY(WriteDocument(out, *text, options.force));
  session.PrintOutcome({{"path", out}, {"manifest", nlohmann::json::parse(*text)}},
                       Describe(manifest, out));
  return {};
}

void AddOptionalFields(CLI::App& command, CreateOptions& options) {
  command
      .add_option("--version", options.version,
                  "Fail unless this is the image's version; needed where it has none")
      ->type_name("VERSION");
  command
      .add_option("--architecture", options.architecture,
                  "Fail unless the image is for it: x86-64, arm64")
      ->type_name("NAME");
  command
      .add_option("--channel", options.channel,
                  "The channel that it is released to: NAME.json without its ending")
      ->type_name("NAME");
  command
      .add_option("--url", options.url,
                  "Where the image is: a URL, or relative to the manifest [its file name]")
      ->type_name("URL");
  command
      .add_option("--minimum-version", options.minimum_version,
                  "The oldest version that may update to it")
      ->type_name("VERSION");
  command.add_option("--released", options.released, "When it was released [now]")
      ->type_name("TIME");
  command.add_option("--notes-file", options.notes_file, "Release notes, text of at most 64 KiB")
      ->type_name("FILE");
  command
      .add_option("--delta-index", options.deltas.index,
                  "The image's index [IMAGE.idx, where there is one]")
      ->type_name("FILE");
  command
      .add_option("--patch", options.deltas.patches,
                  "A patch from the image of that digest, repeatable, published beside the image")
      ->type_name("SHA256=FILE")
      ->expected(1)
      ->take_all();
}

}  // namespace

void AddManifestCreateCommand(CLI::App& manifest, Session& session) {
  CLI::App* command = manifest.add_subcommand("create", "Describe an image");
  auto options = std::make_shared<CreateOptions>();
  command->add_option("--image", options->image, "The image; all of it is verified")
      ->type_name("FILE")
      ->required();
  command->add_option("--product", options->product, "Machines of another product refuse it")
      ->type_name("NAME")
      ->required();
  command
      ->add_option("--expires", options->expires,
                   "Machines refuse it from then on: 90d, 2026-04-01, 2026-04-01T12:00:00Z")
      ->type_name("TIME")
      ->required();
  AddOptionalFields(*command, *options);
  command->add_option("--out", options->out, "The manifest [IMAGE.manifest.json]")
      ->type_name("FILE");
  command->add_flag("--force", options->force, "Replace a manifest that is there, and unsign it");
  command->footer(R"(Examples:
  osctl manifest create --image os-2.0.squashfs --product maticos --expires 90d
  osctl manifest create --image os-2.0.squashfs --product maticos --channel stable \
      --url 2.0/os-2.0.squashfs --minimum-version 1.5 --expires 30d --out stable.json)");
  command->callback(
      [&session, options] { session.RunLocal([&] { return Create(session, *options); }); });
}

}  // namespace matic::osctl
