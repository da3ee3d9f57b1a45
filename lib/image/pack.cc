#include "lib/image/pack.h"

#include <array>
#include <vector>

#include "boot/policy/section_table.h"
#include "lib/image/file_order.h"
#include "lib/image/image_reader.h"
#include "lib/image/root_contents.h"
#include "lib/image/tool.h"
#include "lib/image/uki.h"
#include "lib/image/verity_tree.h"
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
  std::error_code error;
  for (const auto& [what, path] : files) {
    if (!fs::is_regular_file(*path, error)) {
      return Fail(ErrorCode::kNotFound,
                  "the " + std::string(what) + " " + path->string() + " is no file");
    }
  }
  if (!spec.package_lists.empty() && !fs::is_directory(spec.package_lists, error)) {
    return Fail(ErrorCode::kNotFound,
                "the package lists " + spec.package_lists.string() + " are no folder");
  }
  if (spec.boot_key) MATIC_TRY(CheckBootKey(*spec.boot_key));
  return {};
}

// What is chosen here is what deltas are made of: docs/decisions/image-recipe.md.
Result<> MakeSquashfs(ProcessRunner& runner, const PackSpec& spec, const WorkFolder& work,
                      const fs::path& output) {
  const std::string time = std::to_string(spec.time);
  // A file that cannot be read is an error here; by itself mksquashfs packs an empty one.
  std::vector<std::string> arguments = {fs::absolute(spec.root).string(),
                                        output.string(),
                                        "-noappend",
                                        "-no-progress",
                                        "-quiet",
                                        "-exit-on-error",
                                        "-reproducible",
                                        "-all-time",
                                        time,
                                        "-mkfs-time",
                                        time,
                                        "-comp",
                                        "zstd",
                                        "-Xcompression-level",
                                        std::to_string(spec.compression_level)};
  MATIC_ASSIGN(const std::string order, FileOrder(spec.root, spec.package_lists));
  if (!order.empty()) {
    const fs::path file = work.File("order");
    MATIC_TRY(WriteFileDurably(file, order));
    arguments.insert(arguments.end(), {"-sort", file.string()});
  }
  MATIC_TRY(RunTool(runner, kMksquashfs, arguments));
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
    MATIC_TRY(MakeSquashfs(runner, spec, work, root.squashfs));
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

// What an image holds beside its squashfs.
struct Sections {
  std::vector<SectionContent> contents;
  std::optional<crypto::Digest> verity;
};

Result<> AddVerity(ProcessRunner& runner, Root& root, const crypto::Digest& head,
                   const WorkFolder& work, Sections& sections) {
  const fs::path whole = work.File("whole.squashfs");
  MATIC_TRY(CopySquashfs(root.squashfs, whole));
  root.squashfs = whole;
  const fs::path tree = work.File("verity");
  MATIC_ASSIGN(sections.verity, MakeVerityTree(runner, whole, head, tree));
  sections.contents.push_back({std::string(boot::kVeritySection), tree});
  return {};
}

Result<fs::path> MakeUki(ProcessRunner& runner, const PackSpec& spec, const Root& root,
                         const std::string& command_line, const WorkFolder& work) {
  UkiParts parts{spec.stub.empty() ? DefaultStub() : spec.stub, work.File("os-release"),
                 work.File("cmdline"), spec.kernel, spec.initrd};
  MATIC_TRY(WriteFileDurably(parts.os_release, root.contents.os_release));
  MATIC_TRY(WriteFileDurably(parts.command_line, command_line));
  const fs::path uki = work.File("uki.efi");
  MATIC_TRY(BuildUki(runner, parts, uki));
  if (!spec.boot_key) return uki;
  const fs::path signed_uki = work.File("signed.efi");
  MATIC_TRY(SignEfiProgram(runner, *spec.boot_key, uki, signed_uki));
  return signed_uki;
}

// The hash tree first: its root hash is on the command line, which the signature covers.
Result<Sections> MakeSections(ProcessRunner& runner, const PackSpec& spec, Root& root,
                              const WorkFolder& work) {
  Sections sections;
  MATIC_ASSIGN(const auto head, SquashfsHeadDigest(root.squashfs));
  std::string command_line =
      spec.command_line + " " + std::string(kHeadParameter) + crypto::ToHex(head);
  if (spec.verity) {
    MATIC_TRY(AddVerity(runner, root, head, work, sections));
    command_line += " " + std::string(kVerityParameter) + crypto::ToHex(*sections.verity);
  }
  MATIC_ASSIGN(const auto uki, MakeUki(runner, spec, root, command_line, work));
  sections.contents.insert(sections.contents.begin(), {std::string(boot::kUkiSection), uki});
  return sections;
}

// What was written, read again with the eyes of those who will use it.
Result<PackedImage> CheckImage(const fs::path& path, const WrittenImage& written) {
  MATIC_ASSIGN(auto file, LinuxBlockDevice::Open(path, LinuxBlockDevice::Access::kReadOnly));
  MATIC_ASSIGN(const auto info, InspectImage(*file));
  MATIC_ASSIGN(const auto digest, VerifyImage(*file, info));
  if (digest != written.sha256 || info.image_bytes != written.size_bytes) {
    return Fail(ErrorCode::kIo, path.string() + " does not hold what was written to it");
  }
  return PackedImage{info.version, info.squashfs_bytes, info.verity, written};
}

}  // namespace

Result<PackedImage> PackImage(ProcessRunner& system, const PackSpec& spec) {
  MATIC_TRY(CheckInputs(spec));
  StoppableProcessRunner runner(system, spec.stop);
  MATIC_ASSIGN(const auto work, WorkFolder::Beside(spec.output));
  MATIC_ASSIGN(auto root, PrepareRoot(runner, spec, work));
  MATIC_ASSIGN(const auto sections, MakeSections(runner, spec, root, work));
  const fs::path image = work.File("image");
  MATIC_ASSIGN(const auto written, WriteImage(root.squashfs, sections.contents, image));
  MATIC_ASSIGN(const auto packed, CheckImage(image, written));
  MATIC_TRY(work.Publish(image, spec.output, spec.stop));
  return packed;
}

}  // namespace matic::image
