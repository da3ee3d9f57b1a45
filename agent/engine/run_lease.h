// Which run of a fleet may update this machine: the machine itself says so, since that is where the
// truth is. Two controllers cannot work on it at once, and a run that was stopped starts nothing
// more here, whatever becomes of its controller. Kept in run_lease.json (docs/formats.md, "State").
#pragma once

#include <chrono>
#include <filesystem>
#include <mutex>
#include <optional>
#include <string>

#include "lib/base/result.h"
#include "lib/base/time.h"
#include "lib/os/clock.h"
#include "lib/os/kept_json.h"

namespace matic::engine {

struct LeaseRequest {
  std::string fleet;
  std::string run;
  std::string holder;  // for people: "alice@controller"
  std::chrono::seconds duration{0};
};

struct Lease {
  std::string fleet;
  std::string run;
  std::string holder;
  WallTime until{};
  std::string stopped_by{};  // empty: it was not stopped
  WallTime stopped{};

  bool operator==(const Lease&) const = default;
};

inline constexpr std::chrono::seconds kShortestLease{10};
// Also what a lease can hold the machine for after the clock was set back: one that ends later than
// this from now is over.
inline constexpr std::chrono::hours kLongestLease{24};

// Thread-safe. What a call has changed is durable when it returns.
class RunLease {
 public:
  RunLease(std::filesystem::path file, Clock& clock);

  // Empty where all is well. By a file that cannot be read (lib/os/kept_json.h) no run holds the
  // machine.
  std::string Load();

  // Nothing once it is over and was not stopped.
  std::optional<Lease> Current() const;

  // Takes the lease, or makes the run's own last longer.
  //   kRefused  another run holds it, or this one was stopped; the message says who
  Result<Lease> Acquire(const LeaseRequest& request);

  // Done twice is done once; a lease of another run stays.
  Result<> Release(const std::string& run);

  // From now on `run` (empty: whichever holds it) starts nothing more here, also where it has not
  // come to this machine yet. kNotFound where another one holds it.
  Result<Lease> Stop(const std::string& run, const std::string& by);

  // Whether an update of `run` may begin. An empty run is none of a fleet's: it may.
  Result<> Check(const std::string& run) const;

  // Whether an update of `run` may go on when a person asks for it: also after the run's end.
  Result<> CheckByHand(const std::string& run) const;

 private:
  bool IsOver(const Lease& lease) const;
  Result<> Keep(std::optional<Lease> lease);

  KeptJson file_;
  Clock& clock_;
  mutable std::mutex mutex_;
  std::optional<Lease> lease_;
};

}  // namespace matic::engine
