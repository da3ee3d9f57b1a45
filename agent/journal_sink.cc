#include "agent/journal_sink.h"

#include <string>
#include <string_view>

#include "lib/journal/journal.h"

namespace matic {
namespace {

journal::Priority PriorityOf(spdlog::level::level_enum level) {
  switch (level) {
    case spdlog::level::trace:
    case spdlog::level::debug:
      return journal::Priority::kDebug;
    case spdlog::level::warn:
      return journal::Priority::kWarning;
    case spdlog::level::err:
      return journal::Priority::kError;
    case spdlog::level::critical:
      return journal::Priority::kCritical;
    case spdlog::level::info:
    case spdlog::level::off:
    case spdlog::level::n_levels:
      break;
  }
  return journal::Priority::kInfo;
}

}  // namespace

void JournalSink::sink_it_(const spdlog::details::log_msg& line) {
  const std::string_view text(line.payload.data(), line.payload.size());
  if (!journal::Send(PriorityOf(line.level), text, {})) {
    ++lost_;
    return;
  }
  const uint64_t lost = lost_.exchange(0);
  if (lost == 0) return;
  const std::string told =
      std::to_string(lost) + " lines before this were lost: the journal took none";
  if (!journal::Send(journal::Priority::kWarning, told, {})) lost_ += lost;
}

}  // namespace matic
