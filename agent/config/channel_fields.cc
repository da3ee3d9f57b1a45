#include <algorithm>
#include <cctype>

#include "agent/config/fields.h"
#include "agent/config/values.h"

namespace matic::config {
namespace {

constexpr uint64_t kMonth = 30 * 86400;

// As lib/trust reads the names in manifests.
bool IsProduct(std::string_view text) {
  return text.size() <= 64 && std::ranges::all_of(text, [](unsigned char c) {
           return std::isalnum(c) || c == '.' || c == '_' || c == ':' || c == '-';
         });
}

bool IsManifestUrl(std::string_view text) {
  if (text.empty()) return true;
  if (std::ranges::any_of(text, [](unsigned char c) { return c <= ' ' || c > '~'; })) return false;
  if (!text.substr(0, text.find_first_of("?#")).ends_with(".json")) return false;
  return text.starts_with("https://") || text.starts_with("http://") ||
         text.starts_with("file:///");
}

const TextRule kProduct{"at most 64 letters, digits, '.', '_', ':' and '-'", IsProduct};
const TextRule kManifestUrl{
    "the https://, http:// or file:/// URL of a signed manifest, which ends in '.json'",
    IsManifestUrl};

}  // namespace

std::vector<Field> SourceFields(Trust& trust, Channel& channel) {
  return {
      {"trust.root", Text(trust.root, kPath)},
      {"trust.product", Text(trust.product, kProduct)},
      {"trust.required", Flag(trust.required)},
      {"channel.url", Text(channel.url, kManifestUrl)},
      {"channel.poll", Flag(channel.poll)},
      {"channel.interval_seconds", Seconds(channel.interval, 10, kMonth)},
      {"channel.jitter_seconds", Seconds(channel.jitter, 0, kMonth)},
      {"channel.enable_auto_rollback", Flag(channel.enable_auto_rollback)},
  };
}

std::optional<std::pair<std::string, std::string>> ContradictionIn(BackendKind backend,
                                                                   const Trust& trust,
                                                                   const Channel& channel) {
  if (trust.required && backend == BackendKind::kNixos) {
    return std::pair{
        std::string("trust.required"),
        std::string("is about images, and would do nothing with `backend: nixos`; leave "
                    "it out, and give the role operator to those only whom you trust "
                    "with root")};
  }
  if (!trust.product.empty()) return std::nullopt;
  const std::string wrong = "needs `trust.product`, which a manifest must be for";
  if (trust.required) return std::pair{std::string("trust.required"), wrong};
  if (!channel.url.empty()) return std::pair{std::string("channel.url"), wrong};
  return std::nullopt;
}

}  // namespace matic::config
