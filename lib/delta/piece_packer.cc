#include "lib/delta/piece_packer.h"

#include "boot/policy/little_endian.h"
#include "lib/squashfs/codec.h"
#include "lib/squashfs/layout.h"

namespace matic::delta {
namespace {

std::vector<uint8_t> Stored(squashfs::Packer& packer, const NewPiece& piece,
                            std::vector<uint8_t> unpacked) {
  if (piece.kind == PieceKind::kAsStored) return unpacked;
  auto packed = packer.Pack(unpacked);
  if (!packed || packed->empty()) return {};
  if (piece.kind == PieceKind::kMetadata) {
    const auto length = static_cast<uint16_t>(packed->size());
    std::vector<uint8_t> header(squashfs::kMetadataHeaderBytes);
    boot::StoreLittleEndian<uint16_t>(header, 0, length);
    packed->insert(packed->begin(), header.begin(), header.end());
  }
  if (packed->size() != piece.stored_bytes) return {};
  return std::move(*packed);
}

}  // namespace

Packers::Packers(unsigned threads, int level) {
  for (unsigned i = 0; i < threads; ++i) {
    threads_.emplace_back([this, level](const std::stop_token& stop) { Run(stop, level); });
  }
}

Packers::~Packers() {
  for (std::jthread& thread : threads_) thread.request_stop();
}

void Packers::Begin(const std::shared_ptr<PieceWork>& work) {
  work->state = PieceWork::State::kWaiting;
  {
    const std::scoped_lock lock(mutex_);
    waiting_.push_back(work);
  }
  changed_.notify_all();
}

void Packers::WaitFor(const PieceWork& work) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return work.state == PieceWork::State::kDone; });
}

void Packers::Run(const std::stop_token& stop, int level) {
  squashfs::Packer packer(level);
  while (true) {
    std::shared_ptr<PieceWork> work;
    {
      std::unique_lock lock(mutex_);
      if (!changed_.wait(lock, stop, [&] { return !waiting_.empty(); })) return;
      work = std::move(waiting_.front());
      waiting_.pop_front();
    }
    std::vector<uint8_t> stored = Stored(packer, work->piece, std::move(work->bytes));
    {
      const std::scoped_lock lock(mutex_);
      work->bytes = std::move(stored);
      work->state = PieceWork::State::kDone;
    }
    changed_.notify_all();
  }
}

}  // namespace matic::delta
