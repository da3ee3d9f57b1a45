// Who is on the machine when it is about to reboot.
#pragma once

#include <string>
#include <vector>

namespace matic::engine {

class RebootGuard {
 public:
  virtual ~RebootGuard() = default;

  // What forbids a shutdown now, one text each: "backup (nightly backup runs)". Empty where nothing
  // does, or where nobody can be asked.
  virtual std::vector<std::string> Inhibitors() = 0;

  // Tells logged-in users. Returns within seconds; nobody is waited for.
  virtual void Warn(const std::string& message) = 0;
};

}  // namespace matic::engine
