#include "lib/journal/journal.h"

// What matters is who was called, not where in the code it was written down.
#define SD_JOURNAL_SUPPRESS_LOCATION
#include <sys/uio.h>
#include <systemd/sd-journal.h>

#include <cstdlib>
#include <vector>

namespace matic::journal {

bool Send(Priority priority, const std::string& message, std::span<const Field> fields) {
  if (std::getenv("JOURNAL_STREAM") == nullptr) return false;
  std::vector<std::string> assignments = {"MESSAGE=" + message,
                                          "PRIORITY=" + std::to_string(static_cast<int>(priority))};
  for (const Field& field : fields) {
    assignments.push_back(std::string(field.name) + "=" + field.value);
  }
  std::vector<iovec> parts;
  for (std::string& assignment : assignments) {
    parts.push_back({assignment.data(), assignment.size()});
  }
  return ::sd_journal_sendv(parts.data(), static_cast<int>(parts.size())) == 0;
}

}  // namespace matic::journal
