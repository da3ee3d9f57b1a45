// How fast images may be fetched, by the time of day.
#pragma once

#include <string>
#include <vector>

#include "agent/config/download.h"
#include "lib/os/clock.h"

namespace matic::ab {

class DownloadRate {
 public:
  // `zone` is that of the limits' windows. The clock must outlive it.
  DownloadRate(const config::Download& download, std::string zone, const Clock& clock)
      : limits_(download.limits),
        otherwise_(download.rate),
        zone_(std::move(zone)),
        clock_(clock) {}

  // Bytes a second, 0 for no limit: that of the first limit whose window is open, or else the one
  // that holds at all times. In microseconds.
  uint64_t Now() const;

 private:
  std::vector<config::DownloadLimit> limits_;
  uint64_t otherwise_;
  std::string zone_;
  const Clock& clock_;
};

}  // namespace matic::ab
