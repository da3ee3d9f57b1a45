#include "osctl/manifest_deltas.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <string_view>

#include "lib/delta/chunk_index.h"
#include "lib/delta/patch_header.h"
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

// A patch's header is all that is read: the builder has tried the rest.
Result<trust::Patch> DescribePatch(const std::string& path, const crypto::Digest& from,
                                   const trust::RemoteFile& image) {
  MATIC_ASSIGN(const std::string content, ReadFile(path, image.size));
  const auto bytes = BytesOf(content);
  const auto length = delta::PatchHeaderBytes(bytes);
  if (!length) return Fail(length.error().Context(path));
  const auto header = delta::DecodePatchHeader(bytes.first(std::min(*length, bytes.size())));
  if (!header) return Fail(header.error().Context(path));
  if (header->new_sha256 != image.sha256 || header->old_sha256 != from) {
    return Fail(ErrorCode::kInvalidArgument,
                path + " is a patch from " + crypto::ToHex(header->old_sha256) + " to " +
                    crypto::ToHex(header->new_sha256) + ", not from " + crypto::ToHex(from) +
                    " to " + crypto::ToHex(image.sha256));
  }
  return trust::Patch{from, Beside(path, content, image.url)};
}

// IMAGE.from-DIGEST.patch, by name: the folder's order is nobody's.
std::map<crypto::Digest, std::string> PatchesBeside(const std::string& image) {
  std::map<crypto::Digest, std::string> found;
  const fs::path path(image);
  const std::string start = path.filename().string() + kPatchInfix;
  std::error_code error;
  const fs::path folder = path.has_parent_path() ? path.parent_path() : fs::path(".");
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    const std::string name = entry.path().filename().string();
    if (!name.starts_with(start) || !name.ends_with(kPatchEnding)) continue;
    const std::string_view digest = std::string_view(name).substr(
        start.size(), name.size() - start.size() - std::string_view(kPatchEnding).size());
    const auto from = crypto::ParseSha256Hex(digest);
    if (from) found.emplace(*from, (path.parent_path() / name).string());
  }
  return found;
}

}  // namespace

Result<> DescribeDeltas(const DeltaOptions& options, trust::Manifest& manifest) {
  const std::string beside = options.image + kIndexEnding;
  std::error_code error;
  if (!options.index.empty() || fs::exists(beside, error)) {
    MATIC_ASSIGN(manifest.delta_index,
                 DescribeIndex(options.index.empty() ? beside : options.index, manifest.image));
  }
  auto patches = PatchesBeside(options.image);
  for (const std::string& text : options.patches) {
    const size_t equals = std::min(text.find('='), text.size());
    const auto from = crypto::ParseSha256Hex(text.substr(0, equals));
    if (!from || equals == text.size()) {
      return Fail(ErrorCode::kInvalidArgument,
                  "--patch: '" + text + "' is not SHA256=FILE, the old image's digest and a patch");
    }
    patches[*from] = text.substr(equals + 1);
  }
  for (const auto& [from, path] : patches) {
    MATIC_ASSIGN(trust::Patch patch, DescribePatch(path, from, manifest.image));
    manifest.patches.push_back(std::move(patch));
  }
  return {};
}

}  // namespace matic::osctl
