// Entries of systemd's journal that carry fields of their own, so that journalctl can find them:
// journalctl MATIC_EVENT=audit MATIC_RESULT=permission.
//
// Spoken without libsystemd, whose call waits for as long as the journal does not read: nobody's
// work may hang on its log. The protocol: https://systemd.io/JOURNAL_NATIVE_PROTOCOL/
#pragma once

#include <chrono>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>

namespace matic::journal {

enum class Priority { kCritical = 2, kError = 3, kWarning = 4, kNotice = 5, kInfo = 6, kDebug = 7 };

struct Field {
  std::string_view name;  // capitals, digits and underscores
  std::string value;
};

// Where journald listens.
inline constexpr std::string_view kSocket = "/run/systemd/journal/socket";
// How long a journal that is behind is waited for.
inline constexpr std::chrono::milliseconds kPatience{20};

// Whether this program's output goes to the journal.
bool IsThere();

// False where this program's output does not go there, or where the journal does not take the entry
// now: then it is lost, and whoever calls may tell `message` another way. A text longer than 48 KiB
// is cut.
bool Send(Priority priority, std::string_view message, std::span<const Field> fields);

// The same to whoever listens at `socket`, wherever this program's output goes.
bool SendTo(const std::filesystem::path& socket, Priority priority, std::string_view message,
            std::span<const Field> fields);

}  // namespace matic::journal
