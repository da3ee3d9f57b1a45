// osctl image pack
#include <stdlib.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>

#include "lib/image/pack.h"
#include "lib/image/uki.h"
#include "osctl/image_commands.h"
#include "osctl/image_index.h"
#include "osctl/render/units.h"
#include "osctl/session.h"

namespace matic::osctl {
namespace {

struct PackOptions {
  std::string root;
  std::string package_lists;
  std::string kernel;
  std::string initrd;
  std::string command_line;
  std::string stub = image::DefaultStub();
  std::string version;
  int compression_level = 15;
  uint64_t time = 0;
  bool verity = false;
  std::string sign_key;
  std::string sign_certificate;
  std::string out;
  bool no_index = false;
};

Result<> Pack(const Session& session, const PackOptions& options, std::stop_token stop) {
  image::PackSpec spec;
  spec.root = options.root;
  spec.package_lists = options.package_lists;
  spec.kernel = options.kernel;
  spec.initrd = options.initrd;
  spec.command_line = options.command_line;
  spec.stub = options.stub;
  spec.version = options.version;
  spec.compression_level = options.compression_level;
  spec.time = options.time;
  spec.verity = options.verity;
  if (!options.sign_key.empty()) {
    spec.boot_key = image::BootKey{options.sign_key, options.sign_certificate};
  }
  spec.output = options.out;
  spec.stop = stop;
  // mksquashfs takes the time as options or from here, and refuses both together.
  ::unsetenv("SOURCE_DATE_EPOCH");
  SystemProcessRunner runner;
  MATIC_ASSIGN(const auto packed, image::PackImage(runner, spec));
  std::optional<WrittenIndex> index;
  const std::string index_path = options.out + kIndexEnding;
  if (options.no_index) {
    // One of an image that was there before fits this one no longer.
    std::error_code failure;
    std::filesystem::remove(index_path, failure);
    if (failure) return Fail(OsError("remove the former index " + index_path, failure.value()));
  } else {
    auto written = WriteIndexOf(options.out, index_path, std::move(stop));
    if (!written) return Fail(written.error().Context("the image is there, its index is not"));
    index = std::move(*written);
  }
  const std::string digest = crypto::ToHex(packed.file.sha256);
  if (session.json()) {
    nlohmann::json object = {{"path", options.out},
                             {"version", packed.version},
                             {"size_bytes", packed.file.size_bytes},
                             {"squashfs_bytes", packed.squashfs_bytes},
                             {"sha256", digest}};
    if (packed.verity) object["verity_root_hash"] = crypto::ToHex(*packed.verity);
    if (index) object["index"] = {{"path", index->path}, {"size_bytes", index->size_bytes}};
    session.out() << ToJson(object) << "\n";
  } else {
    session.out() << "Image    " << options.out << "\n"
                  << "Version  " << packed.version << "\n"
                  << "Size     " << packed.file.size_bytes << " bytes ("
                  << FormatBytes(packed.file.size_bytes) << ")\n"
                  << "SHA-256  " << digest << "\n";
    if (packed.verity) {
      session.out() << "Verity   root hash " << crypto::ToHex(*packed.verity) << "\n";
    }
    if (index) {
      session.out() << "Index    " << index->path << ", " << FormatBytes(index->size_bytes) << "\n";
    }
  }
  return {};
}

}  // namespace

void AddImagePackCommand(CLI::App& image, Session& session) {
  CLI::App* command =
      image.add_subcommand("pack", "Make an image of a root, a kernel and an initrd");
  auto options = std::make_shared<PackOptions>();
  command->add_option("--rootfs", options->root, "The root: a folder, or a squashfs of it")
      ->type_name("DIR|SQUASHFS")
      ->required();
  command
      ->add_option("--package-lists", options->package_lists,
                   "dpkg's lists of files, by which packages stay together in the image "
                   "[var/lib/dpkg/info of the root]")
      ->type_name("DIR");
  command->add_option("--kernel", options->kernel, "The kernel")->type_name("FILE")->required();
  command->add_option("--initrd", options->initrd, "Its initrd")->type_name("FILE")->required();
  command
      ->add_option("--cmdline", options->command_line,
                   "The kernel's command line; it must have panic=SECONDS")
      ->type_name("TEXT")
      ->required();
  command->add_option("--stub", options->stub, "The EFI stub that starts the kernel")
      ->type_name("FILE")
      ->capture_default_str();
  command
      ->add_option("--version", options->version,
                   "Fail unless this is the root's IMAGE_VERSION (usr/lib/os-release)")
      ->type_name("VERSION");
  command->add_option("--compression-level", options->compression_level, "Of zstd, 1 to 22")
      ->type_name("LEVEL")
      ->check(CLI::Range(1, 22).description(""))
      ->capture_default_str();
  command
      ->add_option("--time", options->time, "The time of every file in it, in seconds since 1970")
      ->type_name("SECONDS")
      ->check(CLI::Range(uint64_t{0}, uint64_t{UINT32_MAX}).description(""))
      ->envname("SOURCE_DATE_EPOCH")
      ->capture_default_str();
  command->add_flag("--verity", options->verity,
                    "Add a hash tree of the root, which the initrd then opens with dm-verity");
  AddBootKeyOptions(*command, options->sign_key, options->sign_certificate, "kernel");
  command->add_option("--out", options->out, "The image")->type_name("FILE")->required();
  command->add_flag("--no-index", options->no_index,
                    "Leave IMAGE.idx out; one of an image before is removed");
  command->footer(R"(The same input gives the same bytes at any time; only a signature holds when it
was made.

Examples:
  osctl image pack --rootfs root --kernel vmlinuz --initrd initrd.img \
      --cmdline "console=ttyS0 panic=10" --out os-2.0.squashfs
  osctl image pack --rootfs root --kernel vmlinuz --initrd initrd.img \
      --cmdline "console=ttyS0 panic=10" --verity --sign-key boot.key \
      --sign-cert boot.pem --out os-2.0.squashfs)");
  command->callback([&session, options] {
    session.RunInterruptible(
        [&](std::stop_token stop) { return Pack(session, *options, std::move(stop)); });
  });
}

}  // namespace matic::osctl
