#include "lib/delta/zstd_stream.h"

#include <zstd.h>

#include <new>
#include <string>

namespace matic::delta {
namespace {

constexpr int kLevel = 22;

struct FreeContext {
  void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
  void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
};

tl::unexpected<Error> Damaged(const std::string& what) {
  return Fail(ErrorCode::kCorrupt, "patch: " + what);
}

Result<> Check(size_t code) {
  if (ZSTD_isError(code) == 0) return {};
  return Fail(ErrorCode::kInternal, std::string("zstd: ") + ZSTD_getErrorName(code));
}

}  // namespace

Result<std::vector<uint8_t>> PackTable(std::span<const uint8_t> table) {
  std::vector<uint8_t> packed(ZSTD_compressBound(table.size()));
  const size_t size =
      ZSTD_compress(packed.data(), packed.size(), table.data(), table.size(), kLevel);
  MATIC_TRY(Check(size));
  packed.resize(size);
  return packed;
}

Result<std::vector<uint8_t>> UnpackTable(std::span<const uint8_t> packed, size_t unpacked_bytes) {
  std::vector<uint8_t> table(unpacked_bytes);
  const size_t size = ZSTD_decompress(table.data(), table.size(), packed.data(), packed.size());
  if (ZSTD_isError(size) != 0 || size != unpacked_bytes) return Damaged("its table is damaged");
  return table;
}

struct PackStream::Context {
  std::unique_ptr<ZSTD_CCtx, FreeContext> zstd;
};

PackStream::PackStream() : context_(std::make_unique<Context>()) {
  context_->zstd.reset(ZSTD_createCCtx());
  if (context_->zstd == nullptr) throw std::bad_alloc();
  ZSTD_CCtx_setParameter(context_->zstd.get(), ZSTD_c_compressionLevel, kLevel);
  ZSTD_CCtx_setParameter(context_->zstd.get(), ZSTD_c_windowLog, kStreamWindowLog);
  // The level's own tables are for windows of 128 MiB, and take 640 MB.
  ZSTD_CCtx_setParameter(context_->zstd.get(), ZSTD_c_chainLog, kStreamWindowLog + 1);
  ZSTD_CCtx_setParameter(context_->zstd.get(), ZSTD_c_hashLog, kStreamWindowLog);
}
PackStream::PackStream(PackStream&&) noexcept = default;
PackStream::~PackStream() = default;

Result<std::vector<uint8_t>> PackStream::Pack(std::span<const uint8_t> bytes) {
  std::vector<uint8_t> packed(ZSTD_compressBound(bytes.size()) + ZSTD_CStreamOutSize());
  ZSTD_inBuffer in{bytes.data(), bytes.size(), 0};
  ZSTD_outBuffer out{packed.data(), packed.size(), 0};
  while (true) {
    const size_t left = ZSTD_compressStream2(context_->zstd.get(), &out, &in, ZSTD_e_flush);
    MATIC_TRY(Check(left));
    if (left == 0) break;
    packed.resize(packed.size() + left);
    out.dst = packed.data();
    out.size = packed.size();
  }
  packed.resize(out.pos);
  return packed;
}

struct UnpackStream::Context {
  std::unique_ptr<ZSTD_DCtx, FreeContext> zstd;
  std::vector<uint8_t> packed;
  size_t used = 0;
};

UnpackStream::UnpackStream() : context_(std::make_unique<Context>()) {
  context_->zstd.reset(ZSTD_createDCtx());
  if (context_->zstd == nullptr) throw std::bad_alloc();
  ZSTD_DCtx_setParameter(context_->zstd.get(), ZSTD_d_windowLogMax, kStreamWindowLog);
}
UnpackStream::UnpackStream(UnpackStream&&) noexcept = default;
UnpackStream::~UnpackStream() = default;

size_t UnpackStream::unread_bytes() const { return context_->packed.size() - context_->used; }

void UnpackStream::Feed(std::span<const uint8_t> packed) {
  Context& context = *context_;
  context.packed.erase(context.packed.begin(),
                       context.packed.begin() + static_cast<ptrdiff_t>(context.used));
  context.used = 0;
  context.packed.insert(context.packed.end(), packed.begin(), packed.end());
}

Result<> UnpackStream::Read(std::span<uint8_t> bytes) {
  Context& context = *context_;
  ZSTD_inBuffer in{context.packed.data(), context.packed.size(), context.used};
  ZSTD_outBuffer out{bytes.data(), bytes.size(), 0};
  while (out.pos < out.size) {
    const size_t before_out = out.pos;
    const size_t before_in = in.pos;
    const size_t left = ZSTD_decompressStream(context.zstd.get(), &out, &in);
    if (ZSTD_isError(left) != 0) {
      return Damaged(std::string("its content is damaged (zstd: ") + ZSTD_getErrorName(left) + ")");
    }
    if (out.pos == before_out && in.pos == before_in) return Damaged("its content ends too soon");
  }
  context.used = in.pos;
  return {};
}

}  // namespace matic::delta
