#include "lib/squashfs/codec.h"

#include <sqfs/compressor.h>
#include <sqfs/error.h>
#include <zstd.h>

#include <algorithm>
#include <limits>
#include <new>
#include <utility>

namespace matic::squashfs {
namespace {

struct DestroyCompressor {
  void operator()(sqfs_compressor_t* compressor) const { sqfs_destroy(compressor); }
};

struct FreeZstd {
  void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
};

}  // namespace

std::string CompressorName(uint16_t compressor) {
  const char* name = sqfs_compressor_name_from_id(static_cast<SQFS_COMPRESSOR>(compressor));
  return name == nullptr ? "compressor " + std::to_string(compressor) : name;
}

struct Unpacker::Context {
  std::unique_ptr<sqfs_compressor_t, DestroyCompressor> compressor;
  std::string name;
};

Unpacker::Unpacker(std::unique_ptr<Context> context) : context_(std::move(context)) {}
Unpacker::Unpacker(Unpacker&&) noexcept = default;
Unpacker& Unpacker::operator=(Unpacker&&) noexcept = default;
Unpacker::~Unpacker() = default;

Result<Unpacker> Unpacker::Create(uint16_t compressor, uint32_t block_bytes) {
  sqfs_compressor_config_t config{};
  sqfs_compressor_t* created = nullptr;
  if (sqfs_compressor_config_init(&config, static_cast<SQFS_COMPRESSOR>(compressor), block_bytes,
                                  SQFS_COMP_FLAG_UNCOMPRESS) != 0 ||
      sqfs_compressor_create(&config, &created) != 0) {
    return Fail(ErrorCode::kInvalidArgument,
                "squashfs: no blocks of " + CompressorName(compressor) + " can be unpacked here");
  }
  auto context = std::make_unique<Context>();
  context->compressor.reset(created);
  context->name = CompressorName(compressor);
  return Unpacker(std::move(context));
}

Result<size_t> Unpacker::Unpack(std::span<const uint8_t> stored, std::span<uint8_t> out) {
  sqfs_compressor_t* compressor = context_->compressor.get();
  const sqfs_s32 got =
      compressor->do_block(compressor, stored.data(), static_cast<sqfs_u32>(stored.size()),
                           out.data(), static_cast<sqfs_u32>(out.size()));
  // The library says 0 where there is no room for all of it.
  if (got > 0 && static_cast<size_t>(got) <= out.size()) return static_cast<size_t>(got);
  return Fail(ErrorCode::kCorrupt, "squashfs: a block of " + std::to_string(stored.size()) +
                                       " bytes is damaged: " + context_->name +
                                       " does not unpack it");
}

struct Packer::Context {
  std::unique_ptr<ZSTD_CCtx, FreeZstd> zstd;
  int level;
};

std::string Packer::Version() { return ZSTD_versionString(); }

Packer::Packer(int level) : context_(std::make_unique<Context>()) {
  context_->zstd.reset(ZSTD_createCCtx());
  if (context_->zstd == nullptr) throw std::bad_alloc();
  context_->level = level;
}
Packer::Packer(Packer&&) noexcept = default;
Packer& Packer::operator=(Packer&&) noexcept = default;
Packer::~Packer() = default;

Result<std::vector<uint8_t>> Packer::Pack(std::span<const uint8_t> block) {
  std::vector<uint8_t> packed(ZSTD_compressBound(block.size()));
  const size_t size = ZSTD_compressCCtx(context_->zstd.get(), packed.data(), packed.size(),
                                        block.data(), block.size(), context_->level);
  if (ZSTD_isError(size)) {
    return Fail(ErrorCode::kInternal, std::string("zstd: ") + ZSTD_getErrorName(size));
  }
  packed.resize(size < block.size() ? size : 0);
  return packed;
}

}  // namespace matic::squashfs
