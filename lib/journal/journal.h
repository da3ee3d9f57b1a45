// Entries of systemd's journal that carry fields of their own, so that journalctl can find them:
// journalctl MATIC_EVENT=audit MATIC_RESULT=permission.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace matic::journal {

enum class Priority { kError = 3, kWarning = 4, kNotice = 5, kInfo = 6 };

struct Field {
  std::string_view name;  // capitals, digits and underscores
  std::string value;
};

// False where this program's output does not go to the journal, or the journal does not take it:
// then whoever calls logs `message` another way.
bool Send(Priority priority, const std::string& message, std::span<const Field> fields);

}  // namespace matic::journal
