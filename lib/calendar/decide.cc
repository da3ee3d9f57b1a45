#include "lib/calendar/decide.h"

#include <algorithm>

#include "lib/calendar/moment.h"
#include "lib/calendar/span.h"
#include "lib/crypto/sha256.h"

namespace matic::calendar {
namespace {

using std::chrono::days;
using std::chrono::nanoseconds;

// How far ahead an opening is looked for. Most are found in the first, which is cheaper.
constexpr days kHorizons[] = {days(9), days(370)};
// So far back an opening may have begun for its random delay to matter.
constexpr days kLookBack = std::chrono::ceil<days>(kMaxRandomDelay) + days(1);

const std::vector<Window>& WindowsFor(const Rules& rules, Step step) {
  const std::vector<Window>& own = step == Step::kDownload  ? rules.download_windows
                                   : step == Step::kInstall ? rules.install_windows
                                                            : rules.reboot_windows;
  return own.empty() ? rules.windows : own;
}

std::string NameOfWindow(const Rules& rules, Step step) {
  if (step == Step::kDownload && !rules.download_windows.empty()) return "the download window ";
  if (step == Step::kInstall && !rules.install_windows.empty()) return "the install window ";
  if (step == Step::kReboot && !rules.reboot_windows.empty()) return "the reboot window ";
  return "the maintenance window ";
}

// From 0 to 1, 1 excluded: the first 52 bits of the seed's SHA-256.
double FractionOf(std::string_view seed) {
  const auto bytes = reinterpret_cast<const uint8_t*>(seed.data());
  const crypto::Digest digest = crypto::Sha256Of({bytes, seed.size()});
  uint64_t bits = 0;
  for (size_t i = 0; i < 8; ++i) bits = bits << 8 | digest[i];
  return static_cast<double>(bits >> 12) / static_cast<double>(1ull << 52);
}

// One question, answered.
class Deciding {
 public:
  Deciding(const Rules& rules, Step step, WallTime now, nanoseconds uptime, std::string_view seed,
           const Zone& zone)
      : rules_(rules), step_(step), now_(now), uptime_(uptime), seed_(seed), zone_(zone) {
    if (!rules.emergency && !rules.at) windows_ = WindowsFor(rules, step);
    if (!rules.emergency) blackouts_ = rules.blackouts;
    due_ =
        std::max({kEarliest, rules.at.value_or(kEarliest), rules.not_before.value_or(kEarliest)});
    due_ = std::min(due_, kLatest);
    end_ = std::clamp(rules.not_after.value_or(kLatest), kEarliest, kLatest);
    ready_ = std::max({now, due_, now + Missing()});
  }

  Decision Run() {
    if (now_ >= end_) return {Verdict::kExpired, {}, Tell("not-after ", end_) + " has passed"};
    for (const days horizon : kHorizons) {
      range_ = {std::max(kEarliest, ready_ - kLookBack), ready_ + horizon};
      opens_ = windows_.empty() ? Spans{range_} : SpansOf(windows_, zone_, range_);
      closes_ = SpansOf(blackouts_, zone_, range_);
      const auto opening = FindOpening();
      // One that reaches the end of what was looked at may go on after it.
      if (!opening || (opening->end == range_.end && horizon != std::end(kHorizons)[-1])) continue;
      return Answer(*opening);
    }
    return {Verdict::kExpired, {}, WhyNever()};
  }

 private:
  // Of the uptime asked for.
  nanoseconds Missing() const {
    const nanoseconds wanted = std::clamp(rules_.minimum_uptime, std::chrono::seconds(0),
                                          std::chrono::seconds(kMaxMinimumUptime));
    return std::max(nanoseconds(0), wanted - uptime_);
  }

  // The rest of the first opening that is not over when the machine is ready.
  std::optional<Span> FindOpening() const {
    WallTime begin = due_;
    if (rules_.created && *rules_.created <= now_) begin = std::max(begin, *rules_.created);
    for (Span span : Without(opens_, closes_)) {
      span = {std::max(span.begin, begin), std::min(span.end, end_)};
      if (span.begin >= span.end) continue;
      const WallTime from = std::max(span.begin + DelayIn(span), ready_);
      if (from < span.end) return Span{from, span.end};
    }
    return std::nullopt;
  }

  nanoseconds DelayIn(const Span& opening) const {
    if (rules_.emergency || rules_.random_delay.count() <= 0) return nanoseconds(0);
    const nanoseconds longest =
        std::min<nanoseconds>(std::min<nanoseconds>(rules_.random_delay, kMaxRandomDelay),
                              (opening.end - opening.begin) / 2);
    const double delay = FractionOf(seed_) * static_cast<double>(longest.count());
    return std::chrono::floor<std::chrono::seconds>(nanoseconds(static_cast<int64_t>(delay)));
  }

  Decision Answer(const Span& opening) const {
    std::optional<WallTime> end;
    if (opening.end < range_.end) end = opening.end;
    if (opening.begin <= now_) return {Verdict::kOpen, end, WhyOpen()};
    return {Verdict::kClosed, opening.begin, WhyClosed(opening.begin)};
  }

  std::string WhyOpen() const {
    if (rules_.emergency) return "emergency: windows and blackouts are passed by";
    if (rules_.at) return Tell("was due at ", *rules_.at);
    return windows_.empty() ? "no window is set" : "in " + TellWindows();
  }

  // What stands in the way now, then what will when that is over.
  std::string WhyClosed(WallTime until) const {
    std::vector<std::string> reasons;
    if (rules_.at && *rules_.at > now_) reasons.push_back(Tell("is due at ", *rules_.at));
    if (rules_.not_before && *rules_.not_before > now_) {
      reasons.push_back(Tell("may not begin before ", *rules_.not_before));
    }
    if (Missing().count() > 0) reasons.push_back(TellUptime());
    WallTime at = ready_;
    if (const Span* blackout = At(closes_, at)) {
      reasons.push_back(TellBlackouts(*blackout));
      at = blackout->end;
    }
    if (At(opens_, at) == nullptr) {
      reasons.push_back("waits for " + TellWindows());
      const auto next = std::find_if(opens_.begin(), opens_.end(),
                                     [at](const Span& span) { return span.begin >= at; });
      if (next != opens_.end()) at = next->begin;
      if (const Span* blackout = At(closes_, at); blackout != nullptr && at < until) {
        reasons.push_back("then " + TellBlackouts(*blackout));
      }
    }
    if (reasons.empty()) reasons.push_back("waits out its random delay");
    std::string why = reasons.front();
    for (size_t i = 1; i < reasons.size(); ++i) why += "; " + reasons[i];
    return why;
  }

  std::string WhyNever() const {
    const std::string within =
        rules_.not_after ? Tell("before not-after ", end_) : std::string("within a year");
    if (ready_ >= end_) return "is not ready " + within + ": " + TellUptime();
    if (windows_.empty()) return "no day without a blackout comes " + within;
    const std::string outside = blackouts_.empty() ? "" : "outside of blackouts ";
    return TellWindows() + " does not come " + outside + within;
  }

  std::string Tell(std::string_view what, WallTime time) const {
    return std::string(what) + zone_.Format(time);
  }

  std::string TellUptime() const {
    const auto up = std::chrono::floor<std::chrono::seconds>(uptime_);
    return "the machine is up for " + FormatDuration(up) + ", and must be for " +
           FormatDuration(rules_.minimum_uptime);
  }

  std::string TellWindows() const {
    constexpr size_t kTold = 3;
    std::string text = NameOfWindow(rules_, step_);
    for (size_t i = 0; i < windows_.size() && i < kTold; ++i) {
      text += (i == 0 ? "" : " or ") + FormatWindow(windows_[i]);
    }
    if (windows_.size() > kTold) {
      text += " or " + std::to_string(windows_.size() - kTold) + " more";
    }
    return text + " (" + zone_.name() + ")";
  }

  // Those that `span` was made of.
  std::string TellBlackouts(const Span& span) const {
    std::string text = "blackout";
    for (const DateRange& dates : blackouts_) {
      const Spans own = SpansOf(std::vector{dates}, zone_, range_);
      if (own.empty() || own.front().begin >= span.end || own.front().end <= span.begin) continue;
      text += " " + FormatDateRange(dates);
    }
    return text + " (" + zone_.name() + ")";
  }

  const Rules& rules_;
  const Step step_;
  const WallTime now_;
  const nanoseconds uptime_;
  const std::string_view seed_;
  const Zone& zone_;
  std::vector<Window> windows_;
  std::vector<DateRange> blackouts_;
  WallTime due_;    // by `at` and `not_before`
  WallTime end_;    // by `not_after`
  WallTime ready_;  // now, or when `due_` and the uptime allow it
  Span range_;      // what is looked at
  Spans opens_;     // by windows
  Spans closes_;    // by blackouts
};

}  // namespace

Decision Decide(const Rules& rules, Step step, WallTime now, nanoseconds uptime,
                std::string_view seed) {
  const auto zone = Zone::Load(rules.zone);
  if (!zone) return {Verdict::kClosed, {}, zone.error().message};
  return Deciding(rules, step, std::clamp(now, kEarliest, kLatest), uptime, seed, *zone).Run();
}

}  // namespace matic::calendar
