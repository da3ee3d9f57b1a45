// A manifest, as it is once its signatures were found to be good, and the URLs in it.

#include "lib/trust/manifest.h"
#include "lib/trust/url_reference.h"
#include "lib/trust/version.h"
#include "tests/fuzz/input.h"

namespace {

using namespace matic;

constexpr std::string_view kBase = "https://updates.example.com/os/stable.json";

// Wherever the file is, the manifest said so: relative ones stay below the manifest's folder.
void ClaimUrl(const std::string& url) {
  const auto resolved = trust::ResolveUrl(kBase, url);
  FUZZ_CLAIM(resolved.has_value());
  const bool web = resolved->starts_with("https://") || resolved->starts_with("http://");
  FUZZ_CLAIM(web || resolved->starts_with("file://"));
  for (const char c : *resolved) FUZZ_CLAIM(c > ' ' && c < 0x7f);
  if (url.find("://") == std::string::npos) {
    FUZZ_CLAIM(resolved->starts_with("https://updates.example.com/os/"));
    FUZZ_CLAIM(resolved->find("/../") == std::string::npos && !resolved->ends_with("/.."));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto manifest = trust::ParseManifest(fuzz::Text(data, size));
  if (!manifest) {
    FUZZ_CLAIM(manifest.error().code == ErrorCode::kCorrupt);
    return 0;
  }
  FUZZ_CLAIM(trust::CheckVersion(manifest->version).has_value());
  FUZZ_CLAIM(manifest->patches.size() <= trust::kMaxPatches);
  ClaimUrl(manifest->image.url);
  if (manifest->delta_index) ClaimUrl(manifest->delta_index->url);
  for (const trust::Patch& patch : manifest->patches) ClaimUrl(patch.file.url);

  // What was read can be written, and says the same.
  const auto text = trust::FormatManifest(*manifest);
  FUZZ_CLAIM(text.has_value());
  const auto back = trust::ParseManifest(*text);
  FUZZ_CLAIM(back.has_value());
  FUZZ_CLAIM(trust::FormatManifest(*back).value_or("") == *text);
  FUZZ_CLAIM(back->version == manifest->version && back->image.sha256 == manifest->image.sha256);
  FUZZ_CLAIM(back->expires == manifest->expires && back->released == manifest->released);
  return 0;
}
