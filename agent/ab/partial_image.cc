#include "agent/ab/partial_image.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "boot/policy/section_table.h"
#include "lib/base/hex.h"
#include "lib/base/json_number.h"
#include "lib/crypto/sha256.h"
#include "lib/os/durable_file.h"
#include "lib/os/kept_json.h"

namespace matic::ab {
namespace {

constexpr size_t kMaxFileBytes = 64 * 1024;
constexpr size_t kMaxValidatorBytes = 1024;

bool IsPrintable(const std::string& text) {
  return std::ranges::none_of(text, [](unsigned char c) { return c < 0x20 || c == 0x7F; });
}

// The validator goes into a header.
bool IsUsable(const StagePoint& point) {
  return point.validator.size() <= kMaxValidatorBytes && IsPrintable(point.validator) &&
         point.first_block.size() == boot::kImageBlockBytes &&
         point.bytes % boot::kImageBlockBytes == 0 && point.bytes >= boot::kImageBlockBytes &&
         (!point.total_bytes || point.bytes < *point.total_bytes);
}

Result<PartialImage> PartialFrom(const nlohmann::json& json) {
  try {
    PartialImage partial{.slot = json.at("slot"),
                         .sha256 = json.at("sha256"),
                         .source = json.at("source"),
                         .point = {.bytes = WholeNumber<uint64_t>(json.at("bytes")),
                                   .validator = json.at("validator")}};
    if (json.contains("total_bytes")) {
      partial.point.total_bytes = WholeNumber<uint64_t>(json.at("total_bytes"));
    }
    const std::string block = json.at("first_block");
    MATIC_ASSIGN(partial.point.first_block, HexDecode(block));
    if (crypto::ParseSha256Hex(partial.sha256) && IsUsable(partial.point)) return partial;
  } catch (const nlohmann::json::exception& error) {
    return Fail(ErrorCode::kCorrupt, error.what());
  }
  return Fail(ErrorCode::kCorrupt, "contradicts itself");
}

}  // namespace

std::optional<PartialImage> PartialImageFile::Load() const {
  if (path_.empty()) return std::nullopt;
  KeptJson file(path_, kMaxFileBytes);
  const Result<std::optional<nlohmann::json>> kept = file.Load();
  if (kept && !*kept) return std::nullopt;
  const Result<PartialImage> partial = kept ? PartialFrom(**kept) : Fail(kept.error());
  if (partial) return *partial;
  const Error problem = kept ? file.Reject(partial.error().message) : kept.error();
  spdlog::warn("{}; the image is fetched from its start", problem.message);
  return std::nullopt;
}

Result<> PartialImageFile::Keep(const PartialImage& partial) const {
  if (path_.empty()) return {};
  nlohmann::json json = {{"slot", partial.slot},
                         {"sha256", partial.sha256},
                         {"source", partial.source},
                         {"bytes", partial.point.bytes},
                         {"validator", partial.point.validator},
                         {"first_block", HexEncode(partial.point.first_block)}};
  if (partial.point.total_bytes) json["total_bytes"] = *partial.point.total_bytes;
  return WriteFileDurably(
      path_, json.dump(-1, ' ', /*ensure_ascii=*/true, nlohmann::json::error_handler_t::replace));
}

void PartialImageFile::Forget() const {
  std::error_code ignored;
  if (!path_.empty()) std::filesystem::remove(path_, ignored);
}

}  // namespace matic::ab
