// osctl image patch
#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>

#include "lib/os/durable_file.h"
#include "lib/os/linux_block_device.h"
#include "lib/patching/build_patch.h"
#include "osctl/image_commands.h"
#include "osctl/image_index.h"
#include "osctl/render/units.h"
#include "osctl/session.h"

namespace matic::osctl {
namespace {

constexpr uint32_t kPublicMode = 0644;

struct PatchOptions {
  std::string from;
  std::string image;
  std::string out;
};

void Print(const Session& session, const std::string& path, const patching::BuiltPatch& built) {
  const delta::PatchHeader& header = built.header;
  if (session.json()) {
    const nlohmann::json object = {{"path", path},
                                   {"size_bytes", built.file.size()},
                                   {"from_sha256", crypto::ToHex(header.old_sha256)},
                                   {"image_sha256", crypto::ToHex(header.new_sha256)},
                                   {"makes_bytes", header.made_bytes()},
                                   {"compressor", "zstd"},
                                   {"compressor_version", header.packer_version},
                                   {"compressor_level", header.level}};
    session.out() << ToJson(object) << "\n";
    return;
  }
  session.out() << "Patch    " << path << "\n"
                << "Size     " << built.file.size() << " bytes (" << FormatBytes(built.file.size())
                << ")\n"
                << "Makes    " << FormatBytes(header.made_bytes()) << " of "
                << FormatBytes(header.new_bytes) << "; the rest is in the old image\n"
                << "From     SHA-256 " << crypto::ToHex(header.old_sha256) << "\n"
                << "Image    SHA-256 " << crypto::ToHex(header.new_sha256) << "\n";
  if (header.level > 0) {
    session.out() << "Packed   by zstd " << header.packer_version << " at level " << header.level
                  << ", which machines need, too\n";
  }
}

Result<> MakePatch(const Session& session, const PatchOptions& options, std::stop_token stop) {
  constexpr auto kReadOnly = LinuxBlockDevice::Access::kReadOnly;
  MATIC_ASSIGN(auto old_image, LinuxBlockDevice::Open(options.from, kReadOnly));
  MATIC_ASSIGN(auto new_image, LinuxBlockDevice::Open(options.image, kReadOnly));
  const auto built = patching::BuildPatch(*old_image, *new_image, stop);
  if (!built) {
    return Fail(built.error().Context("from " + options.from + " to " + options.image));
  }
  const std::string path =
      options.out.empty()
          ? options.image + kPatchInfix + crypto::ToHex(built->header.old_sha256) + kPatchEnding
          : options.out;
  MATIC_TRY(WriteFileDurably(
      path, {reinterpret_cast<const char*>(built->file.data()), built->file.size()}, kPublicMode));
  Print(session, path, *built);
  return {};
}

}  // namespace

void AddImagePatchCommand(CLI::App& image, Session& session) {
  CLI::App* command = image.add_subcommand(
      "patch", "Write a patch, by which machines that run the old image fetch less still");
  auto options = std::make_shared<PatchOptions>();
  command->add_option("--from", options->from, "The old image")->type_name("FILE")->required();
  command->add_option("image", options->image, "The new image")->type_name("FILE")->required();
  command->add_option("--out", options->out, "The patch [IMAGE.from-DIGEST.patch]")
      ->type_name("FILE");
  command->footer(
      R"(It makes the new image of the old one with the patch, and compares every byte, before it
writes it. Publish it beside the image.

Example:
  osctl image patch --from os-1.9.squashfs os-2.0.squashfs)");
  command->callback([&session, options] {
    session.RunInterruptible(
        [&](std::stop_token stop) { return MakePatch(session, *options, std::move(stop)); });
  });
}

}  // namespace matic::osctl
