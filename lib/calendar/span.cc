#include "lib/calendar/span.h"

#include <algorithm>

namespace matic::calendar {
namespace {

using std::chrono::days;
using std::chrono::local_days;

// A window may have begun the day before, and clocks that go back at midnight come to a day twice.
constexpr days kEarlier{2};

bool BeginsOn(const Window& window, local_days day) {
  return window.weekdays.test(std::chrono::weekday(day).iso_encoding() - 1);
}

Spans Merge(Spans spans, const Span& range) {
  std::sort(spans.begin(), spans.end(),
            [](const Span& a, const Span& b) { return a.begin < b.begin; });
  Spans merged;
  for (Span span : spans) {
    span = {std::max(span.begin, range.begin), std::min(span.end, range.end)};
    if (span.begin >= span.end) continue;
    if (!merged.empty() && span.begin <= merged.back().end) {
      merged.back().end = std::max(merged.back().end, span.end);
    } else {
      merged.push_back(span);
    }
  }
  return merged;
}

}  // namespace

Spans SpansOf(const std::vector<Window>& windows, const Zone& zone, const Span& range) {
  Spans spans;
  const local_days last = zone.DayOf(range.end);
  for (local_days day = zone.DayOf(range.begin) - kEarlier; day <= last; day += days(1)) {
    for (const Window& window : windows) {
      if (!BeginsOn(window, day)) continue;
      spans.push_back({zone.Reach(day + window.begin), zone.Reach(day + window.end)});
    }
  }
  return Merge(std::move(spans), range);
}

Spans SpansOf(const std::vector<DateRange>& dates, const Zone& zone, const Span& range) {
  Spans spans;
  for (const DateRange& date : dates) {
    spans.push_back(
        {zone.Reach(local_days(date.first)), zone.Reach(local_days(date.last) + days(1))});
  }
  return Merge(std::move(spans), range);
}

Spans Without(const Spans& spans, const Spans& removed) {
  Spans rest;
  auto next = removed.begin();
  for (Span span : spans) {
    while (next != removed.end() && next->end <= span.begin) ++next;
    for (auto cut = next; cut != removed.end() && cut->begin < span.end; ++cut) {
      if (cut->begin > span.begin) rest.push_back({span.begin, cut->begin});
      span.begin = std::min(cut->end, span.end);
    }
    if (span.begin < span.end) rest.push_back(span);
  }
  return rest;
}

const Span* At(const Spans& spans, WallTime time) {
  for (const Span& span : spans) {
    if (span.begin <= time && time < span.end) return &span;
  }
  return nullptr;
}

}  // namespace matic::calendar
