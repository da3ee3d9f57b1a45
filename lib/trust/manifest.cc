#include "lib/trust/manifest.h"

#include "lib/trust/fields.h"
#include "lib/trust/strict_json.h"
#include "lib/trust/url_reference.h"

namespace matic::trust {
namespace {

using nlohmann::json;

Result<RemoteFile> ParseFile(const Fields& fields) {
  RemoteFile file;
  MATIC_ASSIGN(file.url, fields.Text("url", kMaxUrlBytes));
  if (const Result<> check = CheckUrlReference(file.url); !check) {
    return Fail(ErrorCode::kCorrupt, fields.PathOf("url") + ": " + check.error().message);
  }
  MATIC_ASSIGN(file.size, fields.Number("size", 1, kMaxFileBytes));
  MATIC_ASSIGN(file.sha256, fields.Sha256("sha256"));
  return file;
}

Result<std::vector<Patch>> ParsePatches(const Fields& fields) {
  MATIC_ASSIGN(const json* list, fields.List("patches", kMaxPatches));
  std::vector<Patch> patches;
  for (const json& value : *list) {
    const std::string path = "patches[" + std::to_string(patches.size()) + "]";
    MATIC_ASSIGN(const Fields entry, Fields::Of(value, path));
    Patch patch;
    MATIC_ASSIGN(patch.from, entry.Sha256("from"));
    MATIC_ASSIGN(patch.file, ParseFile(entry));
    patches.push_back(std::move(patch));
  }
  return patches;
}

Result<> ParseOptional(const Fields& fields, Manifest& manifest) {
  if (fields.Has("channel")) {
    MATIC_ASSIGN(manifest.channel, fields.Name("channel"));
  }
  if (fields.Has("minimum_version")) {
    MATIC_ASSIGN(manifest.minimum_version, fields.Version("minimum_version"));
  }
  if (fields.Has("delta_index")) {
    MATIC_ASSIGN(const Fields index, fields.Object("delta_index"));
    MATIC_ASSIGN(manifest.delta_index, ParseFile(index));
  }
  if (fields.Has("patches")) {
    MATIC_ASSIGN(manifest.patches, ParsePatches(fields));
  }
  if (fields.Has("release_notes")) {
    MATIC_ASSIGN(manifest.release_notes,
                 fields.Text("release_notes", kMaxReleaseNotesBytes, Fields::TextKind::kProse));
  }
  return {};
}

json FileToJson(const RemoteFile& file) {
  return {{"url", file.url}, {"size", file.size}, {"sha256", crypto::ToHex(file.sha256)}};
}

json ToJson(const Manifest& manifest) {
  json document = {{"type", "manifest"},
                   {"format", 1},
                   {"product", manifest.product},
                   {"version", manifest.version},
                   {"architecture", manifest.architecture},
                   {"image", FileToJson(manifest.image)},
                   {"released", FormatTime(manifest.released)},
                   {"expires", FormatTime(manifest.expires)}};
  if (!manifest.channel.empty()) document["channel"] = manifest.channel;
  if (!manifest.minimum_version.empty()) document["minimum_version"] = manifest.minimum_version;
  if (manifest.delta_index) document["delta_index"] = FileToJson(*manifest.delta_index);
  for (const Patch& patch : manifest.patches) {
    json entry = FileToJson(patch.file);
    entry["from"] = crypto::ToHex(patch.from);
    document["patches"].push_back(std::move(entry));
  }
  if (!manifest.release_notes.empty()) document["release_notes"] = manifest.release_notes;
  return document;
}

}  // namespace

Result<Manifest> ParseManifest(std::string_view text) {
  MATIC_ASSIGN(const json document, ParseStrictJson(text, kMaxManifestBytes));
  MATIC_ASSIGN(const Fields fields, Fields::Of(document, ""));
  MATIC_TRY(fields.CheckHeader("manifest"));
  Manifest manifest;
  MATIC_ASSIGN(manifest.product, fields.Name("product"));
  MATIC_ASSIGN(manifest.version, fields.Version("version"));
  MATIC_ASSIGN(manifest.architecture, fields.Name("architecture"));
  MATIC_ASSIGN(const Fields image, fields.Object("image"));
  MATIC_ASSIGN(manifest.image, ParseFile(image));
  MATIC_ASSIGN(manifest.released, fields.Time("released"));
  MATIC_ASSIGN(manifest.expires, fields.Time("expires"));
  if (manifest.expires <= manifest.released) {
    return Fail(ErrorCode::kCorrupt, "expires: not later than released");
  }
  MATIC_TRY(ParseOptional(fields, manifest));
  return manifest;
}

Result<std::string> FormatManifest(const Manifest& manifest) {
  // Text that is no UTF-8 would throw; it becomes something that the reader below takes, or not.
  const std::string text =
      ToJson(manifest).dump(2, ' ', false, json::error_handler_t::replace) + "\n";
  if (const Result<Manifest> read = ParseManifest(text); !read) {
    return Fail(ErrorCode::kInvalidArgument, read.error().message);
  }
  return text;
}

std::string_view ArchitectureOf(uint16_t pe_machine) {
  if (pe_machine == 0x8664) return "x86-64";
  if (pe_machine == 0xaa64) return "arm64";
  return "";
}

std::string_view OwnArchitecture() {
#if defined(__x86_64__)
  return "x86-64";
#elif defined(__aarch64__)
  return "arm64";
#else
#error "which architecture do manifests call this?"
#endif
}

std::string ChannelOf(std::string_view url) {
  constexpr std::string_view kSuffix = ".json";
  const std::string_view path = url.substr(0, url.find_first_of("?#"));
  std::string_view name = path.substr(path.rfind('/') + 1);
  if (!name.ends_with(kSuffix) || name.ends_with(".manifest.json")) return "";
  name.remove_suffix(kSuffix.size());
  return CheckName(name) ? std::string(name) : "";
}

}  // namespace matic::trust
