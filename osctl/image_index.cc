// osctl image index
#include "osctl/image_index.h"

#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>
#include <string_view>

#include "lib/delta/index_image.h"
#include "lib/os/durable_file.h"
#include "lib/os/linux_block_device.h"
#include "osctl/image_commands.h"
#include "osctl/render/units.h"
#include "osctl/session.h"

namespace matic::osctl {
namespace {

constexpr uint32_t kPublicMode = 0644;

struct IndexOptions {
  std::string image;
  std::string out;
};

Result<> Index(const Session& session, const IndexOptions& options, std::stop_token stop) {
  const std::string out = options.out.empty() ? options.image + kIndexEnding : options.out;
  MATIC_ASSIGN(const auto written, WriteIndexOf(options.image, out, std::move(stop)));
  if (session.json()) {
    const nlohmann::json object = {{"path", written.path},
                                   {"size_bytes", written.size_bytes},
                                   {"chunks", written.chunks},
                                   {"image_bytes", written.image_bytes},
                                   {"image_sha256", crypto::ToHex(written.image_sha256)}};
    session.out() << ToJson(object) << "\n";
    return {};
  }
  session.out() << "Index    " << written.path << "\n"
                << "Size     " << written.size_bytes << " bytes ("
                << FormatBytes(written.size_bytes) << ")\n"
                << "Chunks   " << written.chunks;
  if (written.chunks > 0) {
    session.out() << " of " << FormatBytes(written.image_bytes / written.chunks) << " on average";
  }
  session.out() << "\nImage    " << written.image_bytes << " bytes, SHA-256 "
                << crypto::ToHex(written.image_sha256) << "\n";
  return {};
}

}  // namespace

Result<WrittenIndex> WriteIndexOf(const std::string& image, const std::string& out,
                                  std::stop_token stop) {
  MATIC_ASSIGN(auto file, LinuxBlockDevice::Open(image, LinuxBlockDevice::Access::kReadOnly));
  const auto index =
      delta::IndexImage(*file, file->size(), {.image_digest = true, .stop = std::move(stop)});
  if (!index) return Fail(index.error().Context(image));
  const auto bytes = delta::EncodeIndex(*index);
  MATIC_TRY(WriteFileDurably(out, {reinterpret_cast<const char*>(bytes.data()), bytes.size()},
                             kPublicMode));
  return WrittenIndex{out, bytes.size(), index->chunks.size(), index->image_bytes,
                      index->image_sha256};
}

void AddImageIndexCommand(CLI::App& image, Session& session) {
  CLI::App* command = image.add_subcommand(
      "index", "Write an image's index, by which machines fetch what they have not");
  auto options = std::make_shared<IndexOptions>();
  command->add_option("file", options->image, "The image")->type_name("FILE")->required();
  command->add_option("--out", options->out, "The index [IMAGE.idx]")->type_name("FILE");
  command->footer(R"(osctl image pack has made one already. Publish it beside the image.

Example:
  osctl image index os-2.0.squashfs)");
  command->callback([&session, options] {
    session.RunInterruptible(
        [&](std::stop_token stop) { return Index(session, *options, std::move(stop)); });
  });
}

}  // namespace matic::osctl
