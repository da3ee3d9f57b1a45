// A root document, and what a machine that trusts it would take as the next one.

#include <algorithm>

#include "lib/trust/root.h"
#include "tests/fuzz/input.h"

namespace {

using namespace matic;

void ClaimRole(const trust::Root& root, const trust::Role& role) {
  FUZZ_CLAIM(role.threshold >= 1 && role.threshold <= role.key_ids.size());
  std::vector<std::string> ids = role.key_ids;
  std::ranges::sort(ids);
  FUZZ_CLAIM(std::ranges::adjacent_find(ids) == ids.end());
  for (const std::string& id : ids) FUZZ_CLAIM(root.keys.contains(id));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text = fuzz::Text(data, size);
  const auto root = trust::ParseConfiguredRoot(text);
  if (!root) {
    FUZZ_CLAIM(root.error().code == ErrorCode::kCorrupt);
    return 0;
  }
  FUZZ_CLAIM(root->version >= 1 && root->version <= trust::kMaxRootVersion);
  FUZZ_CLAIM(root->keys.size() <= trust::kMaxRootKeys);
  ClaimRole(*root, root->root);
  ClaimRole(*root, root->manifest);
  for (const auto& [id, key] : root->keys) FUZZ_CLAIM(id == crypto::KeyId(key));
  // Nobody signed.
  FUZZ_CLAIM(!trust::VerifyNextRoot(*root, {text, "{}"}));
  FUZZ_CLAIM(!trust::VerifySignatures(*root, root->manifest, trust::DocumentKind::kManifest,
                                      {text, trust::FormatSignatureFile({})}));

  const auto written = trust::FormatRoot(*root);
  FUZZ_CLAIM(written.has_value());
  const auto back = trust::ParseConfiguredRoot(*written);
  FUZZ_CLAIM(back.has_value() && trust::FormatRoot(*back).value_or("") == *written);
  FUZZ_CLAIM(back->keys == root->keys && back->version == root->version);
  return 0;
}
