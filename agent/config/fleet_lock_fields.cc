#include <algorithm>
#include <cctype>

#include "agent/config/fields.h"
#include "agent/config/values.h"

namespace matic::config {
namespace {

constexpr uint64_t kMonth = 30 * 86400;

// Shown to people and in the log, so that no password, query or fragment has a place in it.
bool IsBaseUrl(std::string_view text) {
  if (text.empty()) return true;
  if (std::ranges::any_of(text, [](unsigned char c) { return c <= ' ' || c > '~'; })) return false;
  const size_t scheme = text.starts_with("https://") ? 8 : text.starts_with("http://") ? 7 : 0;
  return scheme != 0 && text.size() > scheme && text.size() <= 1024 && text[scheme] != '/' &&
         text.find_first_of("?#@") == std::string_view::npos;
}

// As the protocol has it.
bool IsLockGroup(std::string_view text) {
  return !text.empty() && text.size() <= 128 && std::ranges::all_of(text, [](unsigned char c) {
    return std::isalnum(c) || c == '.' || c == '-';
  });
}

bool IsLockId(std::string_view text) { return text.size() <= 256; }

// What is refused is not shown: it may hold a password.
FieldReader BaseUrl(std::string& target) {
  return [&target](const Value& value) -> std::optional<std::string> {
    if (!value.IsText() || !IsBaseUrl(value.text)) {
      return "must be the https:// or http:// URL of a FleetLock server, without user, password, "
             "query and fragment";
    }
    target = value.text;
    while (target.ends_with('/')) target.pop_back();
    return std::nullopt;
  };
}

const TextRule kLockGroup{"at most 128 letters, digits, '.' and '-'", IsLockGroup};
const TextRule kLockId{"a text of at most 256 bytes", IsLockId};

}  // namespace

std::vector<Field> FleetLockFields(FleetLock& lock) {
  return {
      {"fleet_lock.url", BaseUrl(lock.url)},
      {"fleet_lock.group", Text(lock.group, kLockGroup)},
      {"fleet_lock.id", Text(lock.id, kLockId)},
      {"fleet_lock.live", Flag(lock.live)},
      {"fleet_lock.ca_file", Text(lock.ca_file, kPathOrNothing)},
      {"fleet_lock.client_certificate", Text(lock.client_certificate, kPathOrNothing)},
      {"fleet_lock.client_key_secret", Text(lock.client_key_secret, kSecretOrNothing)},
      {"fleet_lock.timeout_seconds", Seconds(lock.timeout, 1, 300)},
      {"fleet_lock.retry_seconds", Seconds(lock.retry, 1, 3600)},
      {"fleet_lock.deadline_seconds", Seconds(lock.deadline, 0, kMonth)},
  };
}

std::optional<std::pair<std::string, std::string>> ContradictionIn(const FleetLock& lock) {
  if (lock.client_certificate.empty() == lock.client_key_secret.empty()) return std::nullopt;
  using Wrong = std::pair<std::string, std::string>;
  if (lock.client_certificate.empty()) {
    return Wrong{"fleet_lock.client_key_secret", "needs `fleet_lock.client_certificate`"};
  }
  return Wrong{"fleet_lock.client_certificate", "needs `fleet_lock.client_key_secret`"};
}

}  // namespace matic::config
