// What the threads of an agent tell the one that plays its machine.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>

namespace matic::crash {

// Far longer than anything here takes, on a busy machine.
inline constexpr std::chrono::seconds kPatience{60};

class Moments {
 public:
  enum class Moment { kNone, kAtRest, kRebootAsked, kRebootHeld, kOnTrial, kNoEnd };
  void Tell(Moment moment);
  void Forget();
  // kNone where nothing came in far more time than anything takes.
  Moment Await();

 private:
  std::mutex mutex_;
  std::condition_variable told_;
  Moment moment_ = Moment::kNone;
};

}  // namespace matic::crash
