// osctl image inspect
#include <CLI/CLI.hpp>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>

#include "lib/image/image_reader.h"
#include "lib/image/signers.h"
#include "lib/os/linux_block_device.h"
#include "osctl/image_commands.h"
#include "osctl/render/names.h"
#include "osctl/render/table.h"
#include "osctl/render/units.h"
#include "osctl/session.h"

namespace matic::osctl {
namespace {

namespace fs = std::filesystem;

struct Inspected {
  image::ImageInfo info;
  crypto::Digest digest;
  std::vector<crypto::ProgramSigner> signers;
};

void PrintJson(const Session& session, const std::string& path, const Inspected& inspected) {
  const image::ImageInfo& info = inspected.info;
  nlohmann::json sections = nlohmann::json::array();
  for (const image::ImageSection& section : info.sections) {
    sections.push_back({{"type", section.type},
                        {"offset", section.offset},
                        {"length", section.length},
                        {"sha256", crypto::ToHex(section.sha256)}});
  }
  nlohmann::json object = {{"path", path},
                           {"version", info.version},
                           {"size_bytes", info.image_bytes},
                           {"squashfs_bytes", info.squashfs_bytes},
                           {"sha256", crypto::ToHex(inspected.digest)},
                           {"command_line", info.command_line},
                           {"os_release", info.os_release},
                           {"sections", sections}};
  if (info.verity) object["verity_root_hash"] = crypto::ToHex(*info.verity);
  object["signed_by"] = nlohmann::json::array();
  for (const crypto::ProgramSigner& signer : inspected.signers) {
    object["signed_by"].push_back(
        {{"subject", signer.subject},
         {"certificate_sha256", crypto::ToHex(signer.certificate_sha256)}});
  }
  session.out() << ToJson(object) << "\n";
}

std::string SignersText(const std::vector<crypto::ProgramSigner>& signers) {
  std::string text;
  for (const crypto::ProgramSigner& signer : signers) {
    text += (text.empty() ? "" : "; ") + signer.subject + " (certificate " +
            crypto::ToHex(signer.certificate_sha256) + ")";
  }
  return text.empty() ? "nobody" : text;
}

void PrintText(const Session& session, const std::string& path, const Inspected& inspected) {
  const image::ImageInfo& info = inspected.info;
  session.out() << "Image         " << path << "\n"
                << "Version       " << Shown(info.version) << "\n"
                << "Size          " << info.image_bytes << " bytes ("
                << FormatBytes(info.image_bytes) << ")\n"
                << "SHA-256       " << crypto::ToHex(inspected.digest) << "\n"
                << "Squashfs      " << info.squashfs_bytes << " bytes\n"
                << "Verity        "
                << (info.verity ? "root hash " + crypto::ToHex(*info.verity) : "none") << "\n"
                << "Signed by     " << Shown(SignersText(inspected.signers)) << "\n"
                << "Command line  " << Shown(info.command_line) << "\n\n";
  Table table({"SECTION", "OFFSET", "LENGTH", "SHA-256"});
  for (const image::ImageSection& section : info.sections) {
    table.AddRow({Shown(section.type), std::to_string(section.offset),
                  std::to_string(section.length), crypto::ToHex(section.sha256)});
  }
  session.out() << table.Render(session.terminal());
}

Result<> Inspect(const Session& session, const std::string& path) {
  MATIC_ASSIGN(auto device, LinuxBlockDevice::Open(path, LinuxBlockDevice::Access::kReadOnly));
  const auto info = image::InspectImage(*device);
  if (!info) return Fail(info.error().Context(path));
  // A slot is larger than its image; a file is the image and nothing else.
  if (fs::is_regular_file(path) && device->size() != info->image_bytes) {
    return Fail(ErrorCode::kCorrupt,
                path + ": the image ends at " + std::to_string(info->image_bytes) +
                    ", but the file goes on to " + std::to_string(device->size()));
  }
  const auto digest = image::VerifyImage(*device, *info);
  if (!digest) return Fail(digest.error().Context(path));
  auto signers = image::ReadKernelSigners(*device, *info);
  if (!signers) return Fail(signers.error().Context(path));
  const Inspected inspected{*info, *digest, std::move(*signers)};
  if (session.json()) {
    PrintJson(session, path, inspected);
  } else {
    PrintText(session, path, inspected);
  }
  return {};
}

}  // namespace

void AddImageInspectCommand(CLI::App& image, Session& session) {
  CLI::App* command =
      image.add_subcommand("inspect", "Show what an image holds, and verify all of it");
  auto path = std::make_shared<std::string>();
  command->add_option("file", *path, "The image, or a partition that holds one")
      ->type_name("FILE")
      ->required();
  command->footer(R"(Example:
  osctl image inspect os-2.0.squashfs)");
  command->callback(
      [&session, path] { session.RunLocal([&] { return Inspect(session, *path); }); });
}

}  // namespace matic::osctl
