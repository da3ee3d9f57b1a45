#include "lib/notify/redact.h"

#include <algorithm>

namespace matic::notify {

std::string Redacted(std::string text, std::vector<std::string> secrets) {
  // The longest first, so that no part of it is left where a shorter one lies in it.
  std::sort(secrets.begin(), secrets.end(),
            [](const std::string& a, const std::string& b) { return a.size() > b.size(); });
  constexpr std::string_view kInstead = "***";
  for (const std::string& secret : secrets) {
    if (secret.size() < 4) continue;
    for (size_t at = text.find(secret); at != std::string::npos;
         at = text.find(secret, at + kInstead.size())) {
      text.replace(at, secret.size(), kInstead);
    }
  }
  return text;
}

}  // namespace matic::notify
