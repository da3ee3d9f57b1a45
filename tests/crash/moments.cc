#include "tests/crash/moments.h"

#include <utility>

namespace matic::crash {

void Moments::Tell(Moment moment) {
  const std::scoped_lock lock(mutex_);
  moment_ = moment;
  told_.notify_all();
}

void Moments::Forget() {
  const std::scoped_lock lock(mutex_);
  moment_ = Moment::kNone;
}

Moments::Moment Moments::Await() {
  std::unique_lock lock(mutex_);
  told_.wait_for(lock, kPatience, [this] { return moment_ != Moment::kNone; });
  return std::exchange(moment_, Moment::kNone);
}

}  // namespace matic::crash
