// The signatures beside a document, looked at before anything of either is trusted.

#include "lib/trust/root.h"
#include "lib/trust/signature_file.h"
#include "tests/fuzz/input.h"

namespace {

using namespace matic;

// A root whose keys have signed none of these.
const trust::Root& SomeRoot() {
  static const trust::Root root = [] {
    trust::Root made;
    std::array<uint8_t, 32> seed{};
    const auto key = crypto::PrivateKey::FromSeed(seed);
    const std::string id = crypto::KeyId(key->public_key());
    made.version = 1;
    made.keys.emplace(id, key->public_key());
    made.manifest = made.root = {.key_ids = {id}, .threshold = 1};
    return made;
  }();
  return root;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text = fuzz::Text(data, size);
  // A signature of other bytes than these.
  const auto signers = trust::VerifySignatures(SomeRoot(), SomeRoot().manifest,
                                               trust::DocumentKind::kManifest, {"{}", text});
  FUZZ_CLAIM(!signers);
  const auto signatures = trust::ParseSignatureFile(text);
  if (!signatures) {
    FUZZ_CLAIM(signatures.error().code == ErrorCode::kCorrupt);
    FUZZ_CLAIM(signers.error().code == ErrorCode::kCorrupt);
    return 0;
  }
  FUZZ_CLAIM(signatures->size() <= trust::kMaxSignatures);
  const std::string written = trust::FormatSignatureFile(*signatures);
  const auto back = trust::ParseSignatureFile(written);
  FUZZ_CLAIM(back.has_value() && back->size() == signatures->size());
  for (size_t i = 0; i < back->size(); ++i) {
    FUZZ_CLAIM((*back)[i].key_id == (*signatures)[i].key_id);
    FUZZ_CLAIM((*back)[i].signature == (*signatures)[i].signature);
  }
  return 0;
}
