#include <algorithm>

#include "lib/settings/values.h"
#include "osctl/fleet/inventory/fields.h"

namespace matic::fleet {
namespace {

using settings::Choice;
using settings::Text;
using settings::TextRule;

constexpr size_t kLongest = 2048;

bool HasNoSpaces(std::string_view text) {
  return !text.empty() && text.size() <= kLongest &&
         std::ranges::none_of(text, [](unsigned char c) { return c <= ' ' || c > '~'; });
}

bool IsUrl(std::string_view text) {
  return (text.starts_with("https://") || text.starts_with("http://") ||
          text.starts_with("file:///")) &&
         HasNoSpaces(text);
}

// Never an option of nix.
bool IsFlake(std::string_view text) { return HasNoSpaces(text) && text.front() != '-'; }

bool IsAttribute(std::string_view text) {
  return IsFlake(text) && text.find('#') == std::string_view::npos;
}

bool IsChannelUrl(std::string_view text) { return IsUrl(text) && IsManifestUrl(text); }

const TextRule kUrl{"an https://, http:// or file:/// URL", IsUrl};
const TextRule kChannel{
    "the https://, http:// or file:/// URL of a signed manifest, which ends in '.json'",
    IsChannelUrl};
const TextRule kSha256{"64 digits of lower-case hexadecimal", IsSha256};
const TextRule kFlake{"a flake, such as github:org/config#web", IsFlake};
const TextRule kAttribute{"the name of a configuration in the flake", IsAttribute};

}  // namespace

std::vector<settings::Field> TargetFields(DraftTarget& target) {
  return {
      {"target.channel", Text(target.channel, kChannel)},
      {"target.url", Text(target.url, kUrl)},
      {"target.sha256", Text(target.sha256, kSha256)},
      {"target.flake", Text(target.flake, kFlake)},
      {"target.attribute", Text(target.attribute, kAttribute)},
      {"target.mode",
       Choice<std::string>(
           target.mode,
           {{"auto", "auto"}, {"switch", "switch"}, {"boot", "boot"}, {"build", "build"}})},
  };
}

std::optional<std::string> WrongTarget(const DraftTarget& target) {
  const bool kinds[] = {!target.channel.empty(), !target.url.empty(), !target.flake.empty()};
  const size_t named = static_cast<size_t>(std::ranges::count(kinds, true));
  if (named > 1) return "target: needs one of `channel`, `url` and `flake`, and no second one";
  if (!target.sha256.empty() && target.url.empty()) return "target: `sha256` needs `url`";
  if (!target.mode.empty() && target.flake.empty()) return "target: `mode` needs `flake`";
  if (!target.attribute.empty() && target.flake.empty()) return "target: `attribute` needs `flake`";
  if (!target.attribute.empty() && target.flake.find('#') != std::string::npos) {
    return "target: `flake` names an attribute already, after its '#'";
  }
  if (!target.url.empty() && target.sha256.empty() && !IsManifestUrl(target.url)) {
    return "target: `url` needs `sha256`, unless it is a signed manifest (….json)";
  }
  return std::nullopt;
}

Target MakeTarget(const DraftTarget& draft) {
  if (!draft.channel.empty()) return ChannelTarget{draft.channel};
  if (!draft.url.empty()) return ImageTarget{draft.url, draft.sha256};
  if (draft.flake.empty()) return {};
  const std::string attribute = draft.attribute.empty() ? "" : "#" + draft.attribute;
  return FlakeTarget{draft.flake + attribute, draft.mode};
}

}  // namespace matic::fleet
