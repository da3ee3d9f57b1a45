// Packs pieces of the new image, several at a time, in the background.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "lib/delta/patch_header.h"

namespace matic::delta {

// What is made of one piece. The members but `state` belong to one thread at a time.
struct PieceWork {
  enum class State : uint8_t { kWaiting, kDone };

  uint64_t offset = 0;  // in the new image
  NewPiece piece;
  std::vector<uint8_t> bytes;  // unpacked; once it is done, as stored; empty where it cannot be
  State state = State::kDone;
};

// The bytes of a piece as they are stored; empty where packing gives other ones than it should.
class Packers {
 public:
  Packers(unsigned threads, int level);
  ~Packers();
  Packers(const Packers&) = delete;
  Packers& operator=(const Packers&) = delete;

  void Begin(const std::shared_ptr<PieceWork>& work);
  void WaitFor(const PieceWork& work);

 private:
  void Run(const std::stop_token& stop, int level);

  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::deque<std::shared_ptr<PieceWork>> waiting_;
  std::vector<std::jthread> threads_;
};

}  // namespace matic::delta
