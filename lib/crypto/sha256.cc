#include "lib/crypto/sha256.h"

#include <openssl/evp.h>

#include <algorithm>
#include <new>
#include <utility>
#include <vector>

#include "lib/base/hex.h"

namespace matic::crypto {
namespace {

// OpenSSL fails here only without memory, or where a policy forbids SHA-256: nothing a caller could
// handle, and a digest that is not computed must never look like one.
void Require(int ok) {
  if (ok != 1) throw std::bad_alloc();
}

}  // namespace

struct Sha256::Context {
  Context() : evp(EVP_MD_CTX_new()) {
    Require(evp != nullptr ? 1 : 0);
    Start();
  }
  ~Context() { EVP_MD_CTX_free(evp); }
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;

  void Start() { Require(EVP_DigestInit_ex(evp, EVP_sha256(), nullptr)); }

  EVP_MD_CTX* evp;
};

Sha256::Sha256() : context_(std::make_unique<Context>()) {}
Sha256::Sha256(Sha256&&) noexcept = default;
Sha256& Sha256::operator=(Sha256&&) noexcept = default;
Sha256::~Sha256() = default;

void Sha256::Update(std::span<const uint8_t> bytes) {
  Require(EVP_DigestUpdate(context_->evp, bytes.data(), bytes.size()));
}

Digest Sha256::Finish() {
  Digest digest{};
  Require(EVP_DigestFinal_ex(context_->evp, digest.data(), nullptr));
  context_->Start();
  return digest;
}

Digest Sha256Of(std::span<const uint8_t> bytes) {
  Sha256 hash;
  hash.Update(bytes);
  return hash.Finish();
}

std::string ToHex(const Digest& digest) { return HexEncode(digest); }

Result<Digest> ParseSha256Hex(std::string_view text) {
  if (text.size() != 2 * std::tuple_size_v<Digest>) {
    return Fail(ErrorCode::kInvalidArgument,
                "not a SHA-256: " + std::to_string(text.size()) + " characters, not 64 hex digits");
  }
  const Result<std::vector<uint8_t>> bytes = HexDecode(text);
  if (!bytes) return Fail(bytes.error().Context("not a SHA-256"));
  Digest digest{};
  std::ranges::copy(*bytes, digest.begin());
  return digest;
}

}  // namespace matic::crypto
