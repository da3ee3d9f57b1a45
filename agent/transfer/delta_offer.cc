#include "agent/transfer/delta_offer.h"

#include <algorithm>

#include "lib/http/url.h"

namespace matic::transfer {
namespace {

// "https://host/os.squashfs.idx?key" for "https://host/os.squashfs?key".
std::string Beside(const std::string& url, const std::string& suffix) {
  const size_t end = std::min(url.find_first_of("?#"), url.size());
  return url.substr(0, end) + suffix + url.substr(end);
}

class FileSink final : public http::BodySink {
 public:
  Result<> Begin(const http::ResponseHead& head) override {
    bytes_.clear();
    if (head.total_bytes) bytes_.reserve(*head.total_bytes);
    return {};
  }
  Result<> Write(std::span<const uint8_t> bytes) override {
    bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
    return {};
  }
  const std::vector<uint8_t>& bytes() const { return bytes_; }

 private:
  std::vector<uint8_t> bytes_;
};

// Small beside its image: where it breaks off it is asked for anew.
Result<std::vector<uint8_t>> FetchSmall(http::HttpClient& http, const std::string& url,
                                        uint64_t max_bytes, const http::RetryPolicy& policy,
                                        Clock& clock, std::stop_token stop) {
  http::Retries retries(policy, clock);
  while (true) {
    FileSink sink;
    const auto answer = http.Get({.url = url, .max_bytes = max_bytes}, sink, stop);
    if (answer) return sink.bytes();
    if (!http::MayPass(answer.error())) return Fail(answer.error());
    MATIC_TRY(retries.After(answer.error(), 0, stop));
  }
}

Result<> CheckSigned(const std::vector<uint8_t>& file, const update::SignedFile& expected) {
  MATIC_ASSIGN(const crypto::Digest sha256, crypto::ParseSha256Hex(expected.sha256));
  if (crypto::Sha256Of(file) == sha256) return {};
  return Fail(ErrorCode::kCorrupt, http::PublicUrl(expected.url) +
                                       ": is not the index that the manifest names, sha256 " +
                                       expected.sha256);
}

}  // namespace

Result<FetchedIndex> FetchIndex(http::HttpClient& http, const WantedImage& image,
                                const http::RetryPolicy& policy, Clock& clock,
                                std::stop_token stop) {
  const auto& named = image.files.index;
  if (image.is_signed && !named) {
    return Fail(ErrorCode::kNotFound, "the manifest names no index of the image");
  }
  const std::string url = named ? named->url : Beside(image.url, ".idx");
  uint64_t max_bytes = delta::MaxIndexBytes(image.max_bytes);
  if (named) max_bytes = std::min(max_bytes, named->size_bytes);
  MATIC_ASSIGN(const auto file, FetchSmall(http, url, max_bytes, policy, clock, std::move(stop)));
  if (named) MATIC_TRY(CheckSigned(file, *named));
  auto index = delta::DecodeIndex(file);
  if (!index) return Fail(index.error().Context(http::PublicUrl(url)));
  if (index->image_sha256 != image.sha256) {
    return Fail(ErrorCode::kCorrupt, http::PublicUrl(url) + ": is of an image with SHA-256 " +
                                         crypto::ToHex(index->image_sha256) + ", wanted is " +
                                         crypto::ToHex(image.sha256));
  }
  if (index->image_bytes > image.max_bytes) {
    return Fail(ErrorCode::kInvalidArgument,
                http::PublicUrl(url) + ": the image is " + std::to_string(index->image_bytes) +
                    " bytes, more than the " + std::to_string(image.max_bytes) + " that fit");
  }
  return FetchedIndex{*std::move(index), file.size(), named.has_value()};
}

std::optional<PatchFile> FindPatch(const WantedImage& image, const crypto::Digest& running) {
  const std::string from = crypto::ToHex(running);
  if (!image.is_signed)
    return PatchFile{Beside(image.url, ".from-" + from + ".patch"), image.max_bytes};
  const auto found = std::ranges::find(image.files.patches, from, &update::SignedPatch::from);
  if (found == image.files.patches.end()) return std::nullopt;
  return PatchFile{found->file.url, found->file.size_bytes};
}

}  // namespace matic::transfer
