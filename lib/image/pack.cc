#include "lib/image/pack.h"

#include <array>

#include "boot/policy/section_table.h"
#include "lib/image/image_reader.h"
#include "lib/image/root_contents.h"
#include "lib/image/tool.h"
#include "lib/image/uki.h"
#include "lib/image/work_folder.h"
#include "lib/os/durable_file.h"
#include "lib/os/linux_block_device.h"

namespace matic::image {
namespace {

namespace fs = std::filesystem;

constexpr Tool kMksquashfs = {"mksquashfs", "squashfs-tools", std::chrono::minutes(60)};

Result<> CheckInputs(const PackSpec& spec) {
  MATIC_TRY(CheckCommandLine(spec.command_line));
  const std::array<std::pair<const char*, const fs::path*>, 2> files = {
      {{"kernel", &spec.kernel}, {"initrd", &spec.initrd}}};
  for (const auto& [what, path] : files) {
    std::error_code error;
    if (!fs::is_regular_file(*path, error)) {
      return Fail(ErrorCode::kNotFound,
                  "the " + std::string(what) + " " + path->string() + " is no file");
    }
  }
  return {};
}

Result<> MakeSquashfs(ProcessRunner& runner, const PackSpec& spec, const fs::path& output) {
  const std::string time = std::to_string(spec.time);
  // A file that cannot be read is an error here; by itself mksquashfs packs an empty one.
  MATIC_TRY(
      RunTool(runner, kMksquashfs,
              {fs::absolute(spec.root).string(), output.string(), "-noappend", "-no-progress",
               "-quiet", "-exit-on-error", "-reproducible", "-all-time", time, "-mkfs-time", time,
               "-comp", "zstd", "-Xcompression-level", std::to_string(spec.compression_level)}));
  return {};
}

struct Root {
  fs::path squashfs;
  RootContents contents;
};

Result<Root> PrepareRoot(ProcessRunner& runner, const PackSpec& spec, const WorkFolder& work) {
  std::error_code error;
  const fs::file_status status = fs::status(spec.root, error);
  if (!fs::exists(status)) {
    return Fail(ErrorCode::kNotFound, "the root " + spec.root.string() + " does not exist");
  }
  Root root;
  if (fs::is_directory(status)) {
    MATIC_ASSIGN(root.contents, CheckRoot(spec.root));
    root.squashfs = work.File("root.squashfs");
    MATIC_TRY(MakeSquashfs(runner, spec, root.squashfs));
  } else {
    root.squashfs = spec.root;
    MATIC_TRY(SquashfsHeadDigest(spec.root));
    MATIC_ASSIGN(root.contents, CheckSquashfsRoot(runner, spec.root, work.File("root")));
  }
  if (!spec.version.empty() && spec.version != root.contents.version) {
    return Fail(ErrorCode::kInvalidArgument, spec.root.string() +
                                                 " says IMAGE_VERSION=" + root.contents.version +
                                                 " in usr/lib/os-release, not " + spec.version);
  }
  return root;
}

Result<> MakeUki(ProcessRunner& runner, const PackSpec& spec, const Root& root,
                 const WorkFolder& work, const fs::path& output) {
  MATIC_ASSIGN(const auto head, SquashfsHeadDigest(root.squashfs));
  UkiParts parts{spec.stub.empty() ? DefaultStub() : spec.stub, work.File("os-release"),
                 work.File("cmdline"), spec.kernel, spec.initrd};
  MATIC_TRY(WriteFileDurably(parts.os_release, root.contents.os_release));
  MATIC_TRY(WriteFileDurably(
      parts.command_line,
      spec.command_line + " " + std::string(kHeadParameter) + crypto::ToHex(head)));
  return BuildUki(runner, parts, output);
}

// What was written, read again with the eyes of those who will use it.
Result<PackedImage> CheckImage(const fs::path& path, const WrittenImage& written) {
  MATIC_ASSIGN(auto file, LinuxBlockDevice::Open(path, LinuxBlockDevice::Access::kReadOnly));
  MATIC_ASSIGN(const auto info, InspectImage(*file));
  MATIC_ASSIGN(const auto digest, VerifyImage(*file, info));
  if (digest != written.sha256 || info.image_bytes != written.size_bytes) {
    return Fail(ErrorCode::kIo, path.string() + " does not hold what was written to it");
  }
  return PackedImage{info.version, info.squashfs_bytes, written};
}

}  // namespace

Result<PackedImage> PackImage(ProcessRunner& system, const PackSpec& spec) {
  MATIC_TRY(CheckInputs(spec));
  StoppableProcessRunner runner(system, spec.stop);
  MATIC_ASSIGN(const auto work, WorkFolder::Beside(spec.output));
  MATIC_ASSIGN(const auto root, PrepareRoot(runner, spec, work));
  const SectionContent uki{std::string(boot::kUkiSection), work.File("uki.efi")};
  MATIC_TRY(MakeUki(runner, spec, root, work, uki.content));
  const fs::path image = work.File("image");
  MATIC_ASSIGN(const auto written, WriteImage(root.squashfs, std::span(&uki, 1), image));
  MATIC_ASSIGN(const auto packed, CheckImage(image, written));
  MATIC_TRY(work.Publish(image, spec.output, spec.stop));
  return packed;
}

}  // namespace matic::image
