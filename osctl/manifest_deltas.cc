#include "osctl/manifest_deltas.h"

#include <algorithm>
#include <filesystem>

#include "lib/delta/chunk_index.h"
#include "lib/os/durable_file.h"
#include "osctl/image_index.h"

namespace matic::osctl {
namespace {

namespace fs = std::filesystem;

std::span<const uint8_t> BytesOf(const std::string& text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

// A file that is published beside the image.
trust::RemoteFile Beside(const std::string& path, const std::string& content,
                         const std::string& image_url) {
  const std::string folder = image_url.substr(0, image_url.rfind('/', image_url.find('?')) + 1);
  return {folder + fs::path(path).filename().string(), content.size(),
          crypto::Sha256Of(BytesOf(content))};
}

Result<trust::RemoteFile> DescribeIndex(const std::string& path, const trust::RemoteFile& image) {
  MATIC_ASSIGN(const std::string content, ReadFile(path, delta::MaxIndexBytes(image.size)));
  const auto index = delta::DecodeIndex(BytesOf(content));
  if (!index) return Fail(index.error().Context(path));
  if (index->image_sha256 != image.sha256 || index->image_bytes != image.size) {
    return Fail(ErrorCode::kInvalidArgument,
                path + " is the index of another image; osctl image index makes one of this");
  }
  return Beside(path, content, image.url);
}

}  // namespace

Result<> DescribeDeltas(const DeltaOptions& options, trust::Manifest& manifest) {
  const std::string beside = options.image + kIndexEnding;
  std::error_code error;
  if (!options.index.empty() || fs::exists(beside, error)) {
    MATIC_ASSIGN(manifest.delta_index,
                 DescribeIndex(options.index.empty() ? beside : options.index, manifest.image));
  }
  for (const std::string& text : options.patches) {
    const size_t equals = std::min(text.find('='), text.size());
    const auto from = crypto::ParseSha256Hex(text.substr(0, equals));
    if (!from || equals == text.size()) {
      return Fail(ErrorCode::kInvalidArgument,
                  "--patch: '" + text + "' is not SHA256=FILE, the old image's digest and a patch");
    }
    const std::string path = text.substr(equals + 1);
    MATIC_ASSIGN(const std::string content, ReadFile(path, manifest.image.size));
    manifest.patches.push_back({*from, Beside(path, content, manifest.image.url)});
  }
  return {};
}

}  // namespace matic::osctl
