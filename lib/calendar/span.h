// Spans of real time, made from windows and dates of a zone. Inside this folder only.
#pragma once

#include <vector>

#include "lib/calendar/date_range.h"
#include "lib/calendar/window.h"
#include "lib/calendar/zone.h"

namespace matic::calendar {

struct Span {
  WallTime begin;
  WallTime end;  // exclusive

  bool operator==(const Span&) const = default;
};

// Ascending, apart from each other, none empty.
using Spans = std::vector<Span>;

// All of `windows` within `range`.
Spans SpansOf(const std::vector<Window>& windows, const Zone& zone, const Span& range);
Spans SpansOf(const std::vector<DateRange>& dates, const Zone& zone, const Span& range);

// What of `spans` is in none of `removed`.
Spans Without(const Spans& spans, const Spans& removed);

// The one with `time` in it.
const Span* At(const Spans& spans, WallTime time);

}  // namespace matic::calendar
