#include "agent/ab/download_rate.h"

#include "lib/calendar/decide.h"

namespace matic::ab {

uint64_t DownloadRate::Now() const {
  const WallTime now = clock_.Now();
  for (const config::DownloadLimit& limit : limits_) {
    if (!limit.window || !limit.rate) continue;
    const calendar::Rules rules{.zone = zone_, .windows = {*limit.window}};
    const auto decision =
        calendar::Decide(rules, calendar::Step::kDownload, now, clock_.SinceBoot(), "");
    if (decision.open()) return *limit.rate;
  }
  return otherwise_;
}

}  // namespace matic::ab
